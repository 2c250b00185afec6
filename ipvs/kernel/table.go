package kernel

import (
	"context"
	"fmt"

	"github.com/tandem-ha/tandem/ipvs"
)

// Info is what IPVS tells of itself.
type Info struct {
	Version [3]uint8 // 1, 2, 1 since 2007
	Size    uint32   // buckets of the connection table; the ip_vs parameter conn_tab_bits sets it
}

// Info asks for the version and the size of the connection table.
func (k *Kernel) Info(ctx context.Context) (info Info, err error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return info, err
	}
	defer end()
	err = k.ask(ctx, cmdGetInfo, nil, func(body []byte) (err error) {
		info, err = parseInfo(body)
		return err
	})
	if err != nil {
		return info, fmt.Errorf("ask for the version of IPVS: %w", err)
	}
	return info, nil
}

func parseInfo(body []byte) (info Info, err error) {
	if len(body) < genlHeader {
		return info, errMalformed
	}
	for typ, v := range attributes(body[genlHeader:], &err) {
		switch n := v.u32(); typ {
		case infoVersion:
			info.Version = [3]uint8{uint8(n >> 16), uint8(n >> 8), uint8(n)}
		case infoTabSize:
			info.Size = n
		}
	}
	return info, err
}

// Flush removes every service, tandem's or not. Connections stay until they
// end or time out, but their packets are dropped.
func (k *Kernel) Flush(ctx context.Context) error {
	if err := k.request(ctx, cmdFlush, nil); err != nil {
		return fmt.Errorf("clear the IPVS table: %w", err)
	}
	return nil
}

// Zero sets the counters of one service and its servers to zero, or with the
// zero key those of all.
func (k *Kernel) Zero(ctx context.Context, key ipvs.Key) error {
	var fill func([]byte) []byte
	of := "all services"
	if key != (ipvs.Key{}) {
		of = key.String()
		fill = fillKey(key)
	}
	if err := k.request(ctx, cmdZero, fill); err != nil {
		return fmt.Errorf("zero the counters of %s: %w", of, err)
	}
	return nil
}
