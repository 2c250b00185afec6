package link

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// appendIPv4 appends an IPv4 header and the payload. The kernel fills in
// length, identification and checksum (raw(7), IP_HDRINCL).
func appendIPv4(b []byte, src, dst netip.Addr, payload []byte) []byte {
	b = append(b,
		ipv4.Version<<4|ipv4.HeaderLen/4,
		0xc0,       // precedence 6, internetwork control, as every implementation sends it
		0, 0, 0, 0, // length, identification
		0, 0, // no fragment bits
		255,      // RFC 9568 section 5.1.1.3: the TTL MUST be 255.
		protocol, //
		0, 0,     // checksum
	)
	b = append(b, src.AsSlice()...)
	b = append(b, dst.AsSlice()...)
	return append(b, payload...)
}

// parseIPv4 takes an IPv4 packet apart. The payload ends where the header says
// it does: an Ethernet frame may be padded.
func parseIPv4(b []byte) (src, dst netip.Addr, ttl uint8, payload []byte, ok bool) {
	if len(b) < ipv4.HeaderLen || b[0]>>4 != ipv4.Version {
		return src, dst, 0, nil, false
	}
	header, total := int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < ipv4.HeaderLen || total < header || total > len(b) || b[9] != protocol {
		return src, dst, 0, nil, false
	}
	src = netip.AddrFrom4([4]byte(b[12:16]))
	dst = netip.AddrFrom4([4]byte(b[16:20]))
	return src, dst, b[8], b[header:total], true
}

const timespecSize = unsafe.Sizeof(unix.Timespec{})

// longestQueue is the greatest age of a frame that is believed. More means
// that the clock was set between its arrival and now.
const longestQueue = time.Hour

// arrival is when the kernel took a frame from the wire, on the monotonic
// clock of now, from the control message that SO_TIMESTAMPNS adds. A process
// that was stopped for a while reads old frames, and must know that they are.
func arrival(now time.Time, oob []byte) time.Time {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return now
	}
	for _, m := range msgs {
		if m.Header.Level != unix.SOL_SOCKET || m.Header.Type != unix.SCM_TIMESTAMPNS || len(m.Data) < int(timespecSize) {
			continue
		}
		ts := *(*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
		// Round drops the monotonic reading, so that wall clocks are compared.
		age := now.Round(0).Sub(time.Unix(ts.Unix()))
		if age > 0 && age < longestQueue {
			return now.Add(-age)
		}
	}
	return now
}
