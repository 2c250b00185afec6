package link

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ancillary is what the kernel tells of a message besides its bytes.
type ancillary struct {
	stamp time.Time  // wall clock; zero: unknown
	dst   netip.Addr // IPv6 only
	ttl   uint8      // likewise
}

const timespecSize = unsafe.Sizeof(unix.Timespec{})

// ancillarySize is room for all of it.
var ancillarySize = unix.CmsgSpace(int(timespecSize)) + unix.CmsgSpace(unix.SizeofInet6Pktinfo) + unix.CmsgSpace(4)

// parseAncillary reads control messages (cmsg(3)); unknown ones are skipped.
func parseAncillary(oob []byte) (a ancillary) {
	for len(oob) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return a
		}
		oob = rest
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS && len(data) >= int(timespecSize):
			ts := *(*unix.Timespec)(unsafe.Pointer(&data[0]))
			a.stamp = time.Unix(ts.Unix())
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= 16:
			a.dst = netip.AddrFrom16([16]byte(data[:16]))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_HOPLIMIT && len(data) >= 4:
			a.ttl = uint8(binary.NativeEndian.Uint32(data))
		}
	}
	return a
}

// longestQueue is the greatest age of a frame that is believed. More means
// that the clock was set between its arrival and now.
const longestQueue = time.Hour

// arrival is when the kernel took a frame from the wire, on the monotonic
// clock of now. A process that was stopped for a while reads old frames, and
// must know that they are.
func (a ancillary) arrival(now time.Time) time.Time {
	if a.stamp.IsZero() {
		return now
	}
	// Round drops the monotonic reading, so that wall clocks are compared.
	if age := now.Round(0).Sub(a.stamp); age > 0 && age < longestQueue {
		return now.Add(-age)
	}
	return now
}
