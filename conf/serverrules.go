package conf

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
)

// judgeServers completes the real servers, and drops those that cannot be.
func (v *service) judgeServers(l *loader) {
	clear(l.taken)
	ports := v.ports()
	var odd oddPorts
	v.servers = slices.DeleteFunc(v.servers, func(r *server) (drop bool) {
		if r.lost {
			return true
		}
		l.withinServer(r.Addr, func() {
			m := *v.method
			set(&m, r.method)
			r.Dest.Forwarding, r.Dest.Tunnel, r.FullNAT = m.forwarding, m.tunnel, m.fullNAT
			said := r.Addr.Port()
			if r.Addr = v.backend(r, m, &odd); said != 0 && said != r.Addr.Port() {
				r.checkAt(said)
			}
			switch why, hint := l.crosses(v, r.Addr.Addr(), m); {
			case why != "":
				l.errorf(r.pos, hint, "the block is ignored: %s", why)
				drop = true
			case slices.ContainsFunc(ports, func(port int) bool { return l.taken[r.place(port)] }):
				l.errorf(r.pos, "", "the block is ignored: the service has this real server already")
				drop = true
			}
			if drop {
				return
			}
			for _, port := range ports {
				l.taken[r.place(port)] = true
			}
			r.judgeThresholds(l)
		})
		return drop
	})
	odd.report(l, v)
}

// place is where a server stands in the kernel: under the members of one port,
// of which markPort is that of a firewall mark.
type place struct {
	member int
	server ipvs.Server
}

const markPort = -1

// ports are the different ports of the members.
func (v *service) ports() []int {
	var ports []int
	for _, k := range v.keys() {
		port := int(k.Addr.Port())
		if k.FWMark != 0 {
			port = markPort
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// place is that of a real server under the members of one port. Its port is
// completed as the comment of Service says: two that differ in the file may be
// one there.
func (r *server) place(port int) place {
	at := r.Addr
	if port != markPort && (at.Port() == 0 || r.Dest.Forwarding != ipvs.NAT) {
		at = netip.AddrPortFrom(at.Addr(), uint16(port))
	}
	return place{port, at}
}

// crosses says why a server cannot be of its family; empty: it can. The kernel
// refuses a server of another family while it synchronises connections, since
// its messages have one family, and refuses to synchronise where there is one
// (net/netfilter/ipvs/ip_vs_ctl.c, mixed_address_family_dests).
func (l *loader) crosses(v *service, a netip.Addr, m method) (why, hint string) {
	switch {
	case ipvs.FamilyOf(a) == v.Key.Family:
	case m.forwarding != ipvs.Tunnel:
		return fmt.Sprintf("the service is %s", v.Key.Family), "only TUN crosses families"
	case l.global.sync != nil:
		return fmt.Sprintf("the service is %s, and the kernel synchronises no connections while a server is of another family", v.Key.Family),
			"remove lvs_sync_daemon, or use a server of that family"
	}
	return "", ""
}

// backend is the address of a real server. Its port defaults to that of the
// service, and is that of the service where packets are not rewritten. In a
// group of several ports it stays 0: each member has its own.
func (v *service) backend(r *server, m method, odd *oddPorts) ipvs.Server {
	own, port := r.Addr.Port(), v.port()
	hasPort := func(k ipvs.Key) bool { return k.Addr.Port() == own }
	switch {
	case own == 0:
	case v.Key.FWMark != 0 || m.forwarding == ipvs.NAT:
		port = own
	case len(v.also) > 0 && port == 0:
		// Checks use it.
		port = own
		if !slices.ContainsFunc(v.keys(), hasPort) {
			odd.checked = append(odd.checked, oddPort{r.pos, r.Addr, m})
		}
	case own != port:
		odd.changed = append(odd.changed, oddPort{r.pos, r.Addr, m})
	}
	return netip.AddrPortFrom(r.Addr.Addr(), port)
}

// oddPorts are real servers that cannot have the port that they ask for.
type oddPorts struct {
	changed []oddPort // it becomes that of the service
	checked []oddPort // only their checks use it: the service is a group of several ports
}

type oddPort struct {
	pos    syntax.Pos
	server ipvs.Server
	method method
}

// report tells it once for a service, whatever the number of its servers.
func (o oddPorts) report(l *loader, v *service) {
	const hint = "only NAT changes the port"
	if n := len(o.changed); n > 0 {
		first := o.changed[0]
		l.errorf(first.pos, hint, "real_server %s%s: the port becomes %d, that of the service: %s leaves the port as the client wrote it",
			first.server, andMore(n-1), v.port(), first.method)
	}
	if n := len(o.checked); n > 0 {
		first := o.checked[0]
		l.errorf(first.pos, hint, "real_server %s%s: the port is for its checks only: %s keeps that of each member of the group",
			first.server, andMore(n-1), first.method)
	}
}

// judgeThresholds drops a lower threshold above the upper one, which the kernel
// refuses with the server (ip_vs_add_dest in ip_vs_ctl.c).
// checkAt has the checks ask at the port that the file says, even where packets
// cannot be sent there: it is where the server is said to listen.
func (r *server) checkAt(port uint16) {
	for _, c := range r.checkers {
		if c.port == 0 {
			c.port = int(port)
		}
	}
}

func (r *server) judgeThresholds(l *loader) {
	if r.Dest.Lower > r.Dest.Upper {
		l.errorf(r.met.at(r.pos, "lthreshold"), "", "lthreshold %d is ignored: it is above uthreshold %d", r.Dest.Lower, r.Dest.Upper)
		r.Dest.Lower = 0
	}
}

// judgeSorry completes the sorry server. Without one of its own it has the
// port of the service, where a page that says sorry is expected.
func (v *service) judgeSorry(l *loader) {
	if v.Sorry == nil || v.noSorry {
		v.Sorry = nil
		return
	}
	m := *v.method
	set(&m, v.sorry)
	if why, hint := l.crosses(v, v.Sorry.Addr.Addr(), m); why != "" {
		l.errorf(v.met.at(v.pos, "sorry_server"), hint, "sorry_server %s is ignored: %s", serverName(v.Sorry.Addr), why)
		v.Sorry = nil
		return
	}
	v.Sorry.Dest.Forwarding, v.Sorry.Dest.Tunnel, v.Sorry.FullNAT = m.forwarding, m.tunnel, m.fullNAT
	switch own, port := v.Sorry.Addr.Port(), v.port(); {
	case own == 0:
		v.Sorry.Addr = netip.AddrPortFrom(v.Sorry.Addr.Addr(), port)
	case v.Key.FWMark == 0 && m.forwarding != ipvs.NAT && port != 0 && own != port:
		l.errorf(v.met.at(v.pos, "sorry_server"), "only NAT changes the port", "sorry_server %s: its port becomes %d, that of the service: %s cannot change it",
			v.Sorry.Addr, port, m)
		v.Sorry.Addr = netip.AddrPortFrom(v.Sorry.Addr.Addr(), port)
	}
}

// judgeChecks completes the checks of a server with what it and its service
// set for them.
func (r *server) judgeChecks(l *loader, v *service) {
	for _, c := range r.checkers {
		spec := c.spec
		over(&spec, c.timing, r.timing, v.timing)
		ip, port := r.Addr.Addr(), r.Addr.Port()
		if c.ip.IsValid() {
			ip = c.ip
		}
		if c.port != 0 {
			port = uint16(c.port)
		}
		spec.Target = netip.AddrPortFrom(ip, port)
		l.withinServer(r.Addr, func() {
			if port == 0 {
				// A firewall mark has no port, and a service on port 0 takes
				// all of them: neither says where the server listens.
				l.errorf(c.pos, "write connect_port", "%s is ignored: the real server has no port to check", spec.Kind)
				c.dropped = true
				return
			}
			if spec.Bind.IsValid() && spec.Bind.Is4() != ip.Is4() {
				l.errorf(c.met.at(c.pos, "bindto"), "", "bindto %s is ignored: %s is not %s", spec.Bind, ip, family(spec.Bind))
				spec.Bind, c.spec.Bind = netip.Addr{}, netip.Addr{}
			}
			if spec.Kind == healthcheck.HTTP {
				spec.HTTP = hosts(c.urls, c.virtualHost, r.virtualHost, v.virtualHost)
			}
			r.checks = append(r.checks, spec)
		})
	}
}

// hosts are the requests of a check; those without a virtual host get the first
// one that is set.
func hosts(urls []request, said ...string) []healthcheck.URL {
	out := make([]healthcheck.URL, len(urls))
	for i, u := range urls {
		out[i] = u.URL
		for _, host := range said {
			if out[i].VirtualHost == "" {
				out[i].VirtualHost = host
			}
		}
	}
	return out
}
