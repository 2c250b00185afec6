package realserver

import (
	"net/netip"
)

// nat judges a real server of masquerading services: its replies must go
// through the active director, which turns their source back into the VIP.
func (j *judge) nat() {
	for _, r := range j.facts.Replies {
		switch gateway := j.wish.Gateway; {
		case familyOf(r.To) != familyOf(gateway):
		case r.Problem != "":
			j.fail(Gateway, "ip route replace default via "+gateway.String(), "no route to clients such as %s: %s", r.To, r.Problem)
		case r.Gateway == gateway:
			j.pass(Gateway, "replies to %s %s", r.To, r.way())
		case !r.Gateway.IsValid():
			j.fail(Gateway, "use DR or FULLNAT for clients in this host's own network, or an ip rule that sends its replies to "+gateway.String(),
				"replies to %s %s: past the director, so clients get them from an address they do not know", r.To, r.way())
		default:
			j.fail(Gateway, "ip route replace default via "+gateway.String(),
				"replies to %s %s and not through %s: clients get them from an address they do not know", r.To, r.way(), gateway)
		}
	}
	for _, vip := range j.wish.VIPs {
		for _, l := range j.facts.Links {
			for _, a := range l.Addresses {
				if a.Prefix.Addr() == vip {
					j.warn(VIPPlace, "ip address del "+a.Prefix.String()+" dev "+l.Name, "%s is on %s: real servers of NAT services need no VIP", vip, l.Name)
				}
			}
		}
	}
}

// listeners judges whether the ports are served, at the address on which
// packets arrive: the VIP, or with NAT the host's own.
func (j *judge) listeners() {
	for _, want := range j.wish.Listen {
		if j.wish.Method == NAT {
			j.listener(want, netip.Addr{})
			continue
		}
		for _, vip := range j.wish.VIPs {
			j.listener(want, vip)
		}
	}
}

func (j *judge) listener(want Socket, at netip.Addr) {
	var others []netip.Addr
	for _, s := range j.facts.Sockets {
		if s.UDP != want.UDP || s.Port != want.Port {
			continue
		}
		if s.accepts(at) {
			j.pass(Listener, "%s is served at %s", want, s.Addr)
			return
		}
		others = append(others, s.Addr)
	}
	where := "any address"
	if at.IsValid() {
		where = at.String()
	}
	if len(others) > 0 {
		j.fail(Listener, "let it listen on all addresses, or on the VIP too", "%s is served at %v and not at %s: connections are refused", want, others, where)
		return
	}
	j.fail(Listener, "start the server", "nobody listens at %s of %s: connections are refused", want, where)
}

// accepts reports that packets to an address reach the socket; the zero address
// stands for any of the host's own. A socket on :: takes IPv4 too unless it was
// told not to, which cannot be seen from outside.
func (s Socket) accepts(at netip.Addr) bool {
	switch {
	case s.Addr.IsUnspecified():
		return s.Addr.Is6() || !at.IsValid() || at.Is4()
	case !at.IsValid():
		return !s.Addr.IsLoopback()
	}
	return s.Addr == at
}

// String is the port as --port takes it.
func (s Socket) String() string {
	if s.UDP {
		return "UDP port " + itoa(int(s.Port))
	}
	return "TCP port " + itoa(int(s.Port))
}
