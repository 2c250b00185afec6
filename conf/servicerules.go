package conf

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
)

// finishServices judges the services, and leaves those that shall run.
func (l *loader) finishServices() {
	l.owner = make(map[ipvs.Key]*service)
	l.services = slices.DeleteFunc(l.services, func(v *service) (drop bool) {
		l.within(v.scope, func() { drop = !v.judge(l) })
		if !drop {
			for _, k := range v.keys() {
				l.owner[k] = v
			}
		}
		return drop
	})
	l.finishServerGroups()
}

// judge completes a service when the whole file has been read, and tells
// whether it shall run.
func (v *service) judge(l *loader) bool {
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: it has no real_server")
		return false
	}
	// The family of a firewall mark is needed to judge its servers, and the
	// forwarding method to judge their ports.
	if !v.judgeKey(l) {
		return false
	}
	v.judgeForwarding(l)
	v.judgeMatches(l)
	v.judgeServers(l)
	v.judgePersistence(l)
	v.judgeFlags(l)
	v.judgeSorry(l)
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: none of its real servers can be used")
		return false
	}
	v.judgeQuorum(l)
	v.judgeInheritance()
	for _, r := range v.servers {
		r.judgeChecks(l, v)
	}
	return true
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
	host := v.Key.Family.HostPrefix()
	if v.masked != 0 && v.masked != v.Key.Family {
		l.errorf(v.met.at(v.pos, "persistence_granularity"), "", "persistence_granularity is ignored: it is one for %s", v.masked)
		v.IPVS.Granularity = 0
	}
	if v.IPVS.Timeout == 0 && v.IPVS.Granularity != 0 && !v.met.has("persistence_timeout") {
		v.IPVS.Timeout = defaultPersistence
	}
	allPorts := slices.ContainsFunc(v.keys(), func(k ipvs.Key) bool { return k.FWMark == 0 && k.Addr.Port() == 0 })
	if v.IPVS.Timeout == 0 && allPorts {
		v.IPVS.Timeout = defaultPersistence
		l.errorf(v.pos, "write persistence_timeout", "a service without a port is persistent: %s seconds are used", inSeconds(v.IPVS.Timeout))
	}
	if v.IPVS.Timeout > 0 {
		v.IPVS.Flags |= ipvs.Persistent
	}
	if v.IPVS.Granularity == 0 {
		v.IPVS.Granularity = host
	}
	v.judgeEngine(l)
}

// judgeEngine drops a persistence engine that would do harm or nothing. sip
// reads UDP only, and the kernel drops what its engine cannot read
// (ip_vs_sip_fill_param in ip_vs_pe_sip.c, ip_vs_sched_persist in ip_vs_core.c).
func (v *service) judgeEngine(l *loader) {
	notUDP := slices.ContainsFunc(v.keys(), func(k ipvs.Key) bool { return k.FWMark == 0 && k.Protocol != ipvs.UDP }) ||
		slices.ContainsFunc(v.matches, func(m mark) bool { return m.Protocol != ipvs.UDP })
	why := ""
	switch {
	case v.IPVS.PE == "":
		return
	case notUDP:
		why = "it reads UDP only, and the kernel would drop every other connection"
	case v.IPVS.Timeout == 0:
		why = "without persistence_timeout nobody asks it"
	default:
		return
	}
	l.errorf(v.met.at(v.pos, "persistence_engine"), "", "persistence_engine %s is ignored: %s", v.IPVS.PE, why)
	v.IPVS.PE = ""
}

// judgeServers completes the real servers, and drops those that cannot be.
func (v *service) judgeServers(l *loader) {
	taken := make(map[ipvs.Server]bool)
	v.servers = slices.DeleteFunc(v.servers, func(r *server) (drop bool) {
		l.within("real_server "+serverName(r.Addr), func() {
			m := *v.method
			set(&m, r.method)
			r.Dest.Forwarding, r.Dest.Tunnel, r.FullNAT = m.forwarding, m.tunnel, m.fullNAT
			r.Addr = v.backend(l, r, m)
			switch why, hint := l.crosses(v, r.Addr.Addr(), m); {
			case why != "":
				l.errorf(r.pos, hint, "the block is ignored: %s", why)
				drop = true
			case taken[r.Addr]:
				l.errorf(r.pos, "", "the block is ignored: the service has this real server already")
				drop = true
			}
			taken[r.Addr] = true
			r.judgeThresholds(l)
		})
		return drop
	})
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
func (v *service) backend(l *loader, r *server, m method) ipvs.Server {
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
			l.errorf(r.pos, "only NAT changes the port", "its port is for its checks only: %s keeps that of each member of the group", m)
		}
	case own != port:
		l.errorf(r.pos, "only NAT changes the port", "its port becomes %d, that of the service: %s cannot change it", port, m)
	}
	return netip.AddrPortFrom(r.Addr.Addr(), port)
}

// judgeThresholds drops a lower threshold above the upper one, which the kernel
// refuses with the server (ip_vs_add_dest in ip_vs_ctl.c).
func (r *server) judgeThresholds(l *loader) {
	if r.Dest.Lower > r.Dest.Upper {
		l.errorf(r.met.at(r.pos, "lthreshold"), "", "lthreshold %d is ignored: it is above uthreshold %d", r.Dest.Lower, r.Dest.Upper)
		r.Dest.Lower = 0
	}
}

// judgeSorry completes the sorry server. Without one of its own it has the
// port of the service, where a page that says sorry is expected.
func (v *service) judgeSorry(l *loader) {
	if v.Sorry == nil {
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
	if v.Sorry.Addr.Port() == 0 {
		v.Sorry.Addr = netip.AddrPortFrom(v.Sorry.Addr.Addr(), v.port())
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
