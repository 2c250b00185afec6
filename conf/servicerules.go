package conf

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
)

// judge completes a service whose block has been read, and tells whether it
// shall run.
func (v *service) judge(l *loader) bool {
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: it has no real_server")
		return false
	}
	// The family of a firewall mark is needed to judge its servers, and the
	// forwarding method to judge their ports.
	v.judgeKey(l)
	v.judgeForwarding(l)
	v.judgeServers(l)
	v.judgePersistence(l)
	v.judgeSorry(l)
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: none of its real servers can be used")
		return false
	}
	// The kernel has one service of a key: the second block would replace the
	// servers of the first.
	if i := slices.IndexFunc(l.services, func(o *service) bool { return o.Key == v.Key }); i >= 0 {
		l.errorf(v.pos, "", "the block is ignored: the service is defined already, in line %d", l.services[i].pos.Line)
		return false
	}
	v.judgeQuorum(l)
	v.judgeInheritance()
	for _, r := range v.servers {
		r.judgeChecks(l, v)
	}
	return true
}

// judgeKey completes what IPVS knows the service by: a protocol, or the family
// of a firewall mark.
func (v *service) judgeKey(l *loader) {
	switch {
	case v.Key.FWMark != 0:
		if v.Key.Protocol != 0 {
			l.warnf(v.met.at(v.pos, "protocol"), "", "protocol has no effect on a firewall mark")
		}
		v.Key.Protocol = 0
		v.Key.Family = ipvs.FamilyOf(v.servers[0].Addr.Addr())
	case v.Key.Protocol == 0:
		v.Key.Protocol = defaultProtocol
		l.errorf(v.pos, "write protocol TCP or protocol UDP", "it has no protocol: %s is used", v.Key.Protocol)
	}
	v.Name = v.Key.String()
}

// judgeForwarding sets the scheduler and the forwarding method. Both are an
// error where they are missing, although there are defaults: a DR setup that is
// forwarded by NAT answers nobody.
func (v *service) judgeForwarding(l *loader) {
	if v.IPVS.Scheduler == "" {
		v.IPVS.Scheduler = defaultScheduler
		l.errorf(v.pos, "write lb_algo", "it has no scheduler: %s is used", v.IPVS.Scheduler)
	}
	if v.method == nil {
		v.method = &method{forwarding: ipvs.NAT}
		l.errorf(v.pos, "write lb_kind", "it has no forwarding method: NAT is used")
	}
}

// judgePersistence completes the persistence. IPVS takes a service on port 0,
// which stands for all ports, only with it.
func (v *service) judgePersistence(l *loader) {
	if v.IPVS.Timeout == 0 && v.IPVS.Granularity != 0 && !v.met.has("persistence_timeout") {
		v.IPVS.Timeout = defaultPersistence
	}
	if v.IPVS.Timeout == 0 && v.Key.FWMark == 0 && v.Key.Addr.Port() == 0 {
		v.IPVS.Timeout = defaultPersistence
		l.errorf(v.pos, "write persistence_timeout", "a service without a port is persistent: %s seconds are used", inSeconds(v.IPVS.Timeout))
	}
	if v.IPVS.Timeout > 0 {
		v.IPVS.Flags |= ipvs.Persistent
	}
	if v.IPVS.Granularity == 0 {
		v.IPVS.Granularity = 32
		if v.Key.Family == ipvs.IPv6 {
			v.IPVS.Granularity = 128
		}
	}
}

// judgeServers completes the real servers, and drops those that cannot be.
func (v *service) judgeServers(l *loader) {
	taken := make(map[ipvs.Server]bool)
	v.servers = slices.DeleteFunc(v.servers, func(r *server) (drop bool) {
		l.within("real_server "+serverName(r.Addr), func() {
			m := v.method
			if r.method != nil {
				m = r.method
			}
			r.Dest.Forwarding, r.Dest.Tunnel = m.forwarding, m.tunnel
			r.Addr = v.backend(l, r, *m)
			switch {
			case ipvs.FamilyOf(r.Addr.Addr()) != v.Key.Family && m.forwarding != ipvs.Tunnel:
				l.errorf(r.pos, "only TUN crosses families", "the block is ignored: the service is %s", v.Key.Family)
				drop = true
			case taken[r.Addr]:
				l.errorf(r.pos, "", "the block is ignored: the service has this real server already")
				drop = true
			}
			taken[r.Addr] = true
		})
		return drop
	})
}

// backend is the address of a real server. Its port defaults to that of the
// service, and is that of the service where packets are not rewritten.
func (v *service) backend(l *loader, r *server, m method) ipvs.Server {
	port := v.Key.Addr.Port()
	switch {
	case v.Key.FWMark != 0:
		port = r.Addr.Port()
	case r.Addr.Port() == 0:
	case m.forwarding == ipvs.NAT:
		port = r.Addr.Port()
	case r.Addr.Port() != port:
		l.errorf(r.pos, "only NAT changes the port", "its port becomes %d, that of the service: %s cannot change it", port, m.forwarding)
	}
	return netip.AddrPortFrom(r.Addr.Addr(), port)
}

// judgeSorry completes the sorry server. Without one of its own it has the
// port of the service, where a page that says sorry is expected.
func (v *service) judgeSorry(l *loader) {
	if v.Sorry == nil {
		return
	}
	if ipvs.FamilyOf(v.Sorry.Addr.Addr()) != v.Key.Family && v.method.forwarding != ipvs.Tunnel {
		l.errorf(v.met.at(v.pos, "sorry_server"), "only TUN crosses families", "sorry_server %s is ignored: the service is %s", v.Sorry.Addr, v.Key.Family)
		v.Sorry = nil
		return
	}
	v.Sorry.Dest.Forwarding, v.Sorry.Dest.Tunnel = v.method.forwarding, v.method.tunnel
	if v.Sorry.Addr.Port() == 0 {
		v.Sorry.Addr = netip.AddrPortFrom(v.Sorry.Addr.Addr(), v.Key.Addr.Port())
	}
}

// judgeQuorum lowers a quorum that can never be reached, and a hysteresis with
// which it could never be lost: it is lost below quorum - hysteresis.
func (v *service) judgeQuorum(l *loader) {
	total := 0
	for _, r := range v.servers {
		total += int(r.Dest.Weight)
	}
	if total = max(total, 1); v.Quorum > total {
		l.errorf(v.met.at(v.pos, "quorum"), "", "quorum %d becomes %d, the weight of all real servers", v.Quorum, total)
		v.Quorum = total
	}
	if v.Hysteresis >= v.Quorum && v.Hysteresis > 0 {
		l.errorf(v.met.at(v.pos, "hysteresis"), "", "hysteresis %d becomes %d: it is less than the quorum", v.Hysteresis, v.Quorum-1)
		v.Hysteresis = v.Quorum - 1
	}
}

// judgeInheritance gives alpha and inhibit_on_failure to the servers. The
// flags of the service are set only where no server says otherwise, since they
// hold for all.
func (v *service) judgeInheritance() {
	v.Alpha, v.Inhibit = v.alpha, v.inhibit
	for _, r := range v.servers {
		r.Alpha, r.Inhibit = v.alpha, v.inhibit
		set(&r.Alpha, r.alpha)
		set(&r.Inhibit, r.inhibit)
		v.Alpha = v.Alpha && r.Alpha
		v.Inhibit = v.Inhibit && r.Inhibit
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
		l.within("real_server "+serverName(r.Addr), func() {
			if port == 0 {
				// A firewall mark has no port, and a service on port 0 takes
				// all of them: neither says where the server listens.
				l.errorf(c.pos, "write connect_port", "%s is ignored: the real server has no port to check", spec.Kind)
				return
			}
			if spec.Bind.IsValid() && spec.Bind.Is4() != ip.Is4() {
				l.errorf(c.met.at(c.pos, "bindto"), "", "bindto %s is ignored: %s is not %s", spec.Bind, ip, family(spec.Bind))
				spec.Bind = netip.Addr{}
			}
			if spec.Kind == healthcheck.HTTP {
				spec.HTTP = hosts(spec.HTTP, c.virtualHost, r.virtualHost, v.virtualHost)
			}
			r.checks = append(r.checks, spec)
		})
	}
}

// hosts gives the urls without a virtual host the first one that is set.
func hosts(urls []healthcheck.URL, said ...string) []healthcheck.URL {
	out := slices.Clone(urls)
	for i := range out {
		for _, host := range said {
			if out[i].VirtualHost == "" {
				out[i].VirtualHost = host
			}
		}
	}
	return out
}
