package kernel

import "github.com/tandem-ha/tandem/ipvs"

// parseStats reads the 64-bit statistics, or where the kernel has none
// (before Linux 4.1) the 32-bit ones, in which bytes alone have 64.
func parseStats(stats32, stats64 value) (s ipvs.Stats, err error) {
	if stats64 == nil {
		stats64 = stats32
	}
	for t, v := range attributes(stats64, &err) {
		n := v.u64()
		if len(v) == 4 {
			n = uint64(v.u32())
		}
		switch t {
		case statConns:
			s.Connections = n
		case statInPkts:
			s.PacketsIn = n
		case statOutPkts:
			s.PacketsOut = n
		case statInBytes:
			s.BytesIn = n
		case statOutBytes:
			s.BytesOut = n
		case statCPS:
			s.Rates.Connections = n
		case statInPPS:
			s.Rates.PacketsIn = n
		case statOutPPS:
			s.Rates.PacketsOut = n
		case statInBPS:
			s.Rates.BytesIn = n
		case statOutBPS:
			s.Rates.BytesOut = n
		}
	}
	return s, err
}
