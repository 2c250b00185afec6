package link

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/net/ipv4"

	"github.com/tandem-ha/tandem/vrrp"
)

// outbox is what a batch of messages is made ready in. It is kept from one to
// the next.
type outbox struct {
	mu             sync.Mutex // guards the following fields
	through        []*socket  // by message; nil: it is done with
	which          []int      // messages of the vector
	packets        []byte
	ends           []int // of each in packets
	vector         *vector
	identification uint16 // of the last IPv4 packet whose header is all ours
}

// sendBatch is how many messages a system call takes at most.
const sendBatch = 256

// Send transmits the batch without blocking and returns an error per message.
// What leaves by one socket leaves with one system call.
func (n *Network) Send(batch []vrrp.Outgoing) []error {
	errs := make([]error, len(batch))
	o := &n.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	n.route(batch, errs)
	for i, s := range o.through {
		if s == nil {
			continue
		}
		o.which = o.which[:0]
		for j := i; j < len(batch) && len(o.which) < sendBatch; j++ {
			if o.through[j] == s {
				o.which = append(o.which, j)
				o.through[j] = nil
			}
		}
		o.send(s, batch, errs)
	}
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("send an advert from %s to %s on %s: %w", batch[i].Src, batch[i].Dst, batch[i].Interface, err)
		}
	}
	return errs
}

// route finds the socket of each message.
func (n *Network) route(batch []vrrp.Outgoing, errs []error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outbox.through = n.outbox.through[:0]
	for i, out := range batch {
		var s *socket
		kind, err := kindOf(out)
		if err == nil {
			if s = n.sockets[ear{out.Interface, kind}]; s == nil {
				err = errNotListening
			}
		}
		errs[i] = err
		n.outbox.through = append(n.outbox.through, s)
	}
}

// kindOf says which socket a message leaves by.
func kindOf(out vrrp.Outgoing) (kind, error) {
	switch {
	case out.Src.Is4() != out.Dst.Is4() || !out.Src.IsValid() || !out.Dst.IsValid():
		return 0, errFamilies
	case out.Header != nil && (!out.Dst.Is4() || len(out.Header) < ipv4.HeaderLen):
		return 0, errHeader
	// A unicast frame would need the neighbour's MAC, which is the kernel's to
	// find out: it leaves with the MAC of the interface.
	case out.MAC != [6]byte{} && out.Dst.IsMulticast():
		return forFrames, nil
	case out.Dst.Is4():
		return overIPv4, nil
	}
	return overIPv6, nil
}

var (
	errFamilies = errors.New("source and destination are not of one family")
	errHeader   = errors.New("the header is none of IPv4")
	// errNotListening says that an interface has no socket (now).
	errNotListening = errors.New("no socket is open there")
)

// send transmits the messages of the batch that leave by one socket.
func (o *outbox) send(s *socket, batch []vrrp.Outgoing, errs []error) {
	if o.vector == nil {
		o.vector = newVector(sendBatch, 0, 0)
	}
	o.packets, o.ends = o.packets[:0], o.ends[:0]
	for _, i := range o.which {
		if s.kind == forFrames {
			// 0 stands for none.
			o.identification = max(1, o.identification+1)
			o.packets = appendFrame(o.packets, batch[i], o.identification)
		} else {
			o.packets = appendPacket(o.packets, batch[i])
		}
		o.ends = append(o.ends, len(o.packets))
	}
	at := 0
	for k, i := range o.which {
		packet := o.packets[at:o.ends[k]]
		at = o.ends[k]
		o.vector.set(k, packet)
		switch s.kind {
		case forFrames:
			o.vector.toLink(k, s.index, packet)
		case overIPv6:
			o.vector.toIPv6(k, batch[i].Dst.As16(), s.index)
		default:
			o.vector.toIPv4(k, batch[i].Dst.As4())
		}
	}
	fail := func(k int, err error) { errs[o.which[k]] = err }
	if err := o.vector.send(s.raw, len(o.which), fail); err != nil {
		for k := range o.which {
			fail(k, err)
		}
	}
}
