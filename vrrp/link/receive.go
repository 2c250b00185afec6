package link

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

const (
	// batchSize is how many frames are read per system call.
	batchSize = 32
	// frameSize is more than the largest advert: 40 bytes of IP header, 24 of
	// AH, 8 of VRRP, 255 addresses, and a trailer. Memory of it that no frame
	// needs is never touched.
	frameSize  = 2048
	frameSize6 = 4608
)

// receive hands every frame to deliver until the socket is closed or fails.
func (s *socket) receive(iface string, deliver func(vrrp.Frame)) error {
	size := frameSize
	if s.kind == overIPv6 {
		size = frameSize6
	}
	v := newVector(batchSize, size, ancillarySize)
	var frames []vrrp.Frame // of one call
	for {
		n, err := v.receive(s.raw)
		if err != nil {
			return err
		}
		now := time.Now()
		frames = frames[:0]
		bytes := 0
		for i := range n {
			if f, ok := s.frame(v, i, now); ok {
				f.Interface = iface
				frames = append(frames, f)
				bytes += len(f.Header) + len(f.Payload)
			}
		}
		own := make([]byte, 0, bytes) // the vector's buffers are read into again
		for _, f := range frames {
			f.Header, own = keep(f.Header, own)
			f.Payload, own = keep(f.Payload, own)
			deliver(f)
		}
	}
}

// keep copies b to the end of a block, and nil to nil.
func keep(b, block []byte) (kept, rest []byte) {
	if b == nil {
		return nil, block
	}
	at := len(block)
	block = append(block, b...)
	return block[at:len(block):len(block)], block
}

// frame takes a received message apart.
func (s *socket) frame(v *vector, i int, now time.Time) (f vrrp.Frame, ok bool) {
	b, from, oob := v.message(i)
	about := parseAncillary(oob)
	if s.kind == overIPv6 {
		f = vrrp.Frame{Src: netip.AddrFrom16([16]byte(from[8:24])), Dst: about.dst, TTL: about.ttl, Payload: b}
		ok = about.dst.IsValid()
	} else {
		f, ok = parseIPv4(b)
	}
	f.At = about.arrival(now)
	return f, ok
}
