package wire

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// receive takes what came.
func (l *loop) receive(now time.Time, d datagram) {
	p, drop := bfd.Parse(d.payload)
	var s *session
	if drop == bfd.Accepted {
		s = l.find(d, p)
		switch {
		case s == nil:
			drop = bfd.NoSession
		case !s.Config().Near(d.ttl):
			drop = bfd.TTL
		default:
			var r bfd.Result
			if r, drop = s.Received(now, p); drop == bfd.Accepted {
				l.act(s, r)
			}
		}
	} else {
		s = l.from(d)
	}
	if drop == bfd.Accepted {
		return
	}
	l.drops[drop].Add(1)
	if s != nil && !s.said[drop] {
		s.said[drop] = true
		l.log.Warn("BFD packet dropped, more of the kind are only counted", "session", s.Config().Name, "reason", drop.String(), "from", d.from, "ttl", d.ttl)
	}
}

// find is the session of a packet (RFC 5880 section 6.8.6): that of the
// discriminator, else that of the neighbor. Nobody speaks for another.
func (l *loop) find(d datagram, p bfd.Packet) *session {
	if p.Yours == 0 {
		return l.from(d)
	}
	for _, s := range l.sessions {
		if s.Mine() == p.Yours && s.Config().Neighbor == d.from && s.Config().Port() == d.port {
			return s
		}
	}
	return nil
}

// from is the session with who has sent something: where it has a source, the one
// that it was sent to.
func (l *loop) from(d datagram) *session {
	for _, s := range l.sessions {
		c := s.Config()
		if c.Neighbor == d.from && c.Port() == d.port && (!c.Source.IsValid() || !d.to.IsValid() || c.Source == d.to) {
			return s
		}
	}
	return nil
}
