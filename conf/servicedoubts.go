package conf

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/healthcheck"
)

// judgeDoubts reports what runs, but hardly as it was meant. Each is said once
// for the service, whatever the number of its servers.
func (v *service) judgeDoubts(l *loader) {
	v.judgeWeights(l)
	v.judgeOwnAddress(l)
	v.judgeSorryTwice(l)
	v.judgeUnbuiltChecks(l)
	v.judgeSlowChecks(l)
	v.judgePlainHTTPS(l)
	v.judgeStuckClients(l)
}

// judgeWeights warns of a service that gives nobody a connection.
func (v *service) judgeWeights(l *loader) {
	if slices.ContainsFunc(v.servers, func(r *server) bool { return r.Dest.Weight > 0 }) {
		return
	}
	what := "no new connection is accepted"
	if v.Sorry != nil {
		what = "the sorry server serves"
	}
	l.warnf(v.pos, "weight 0 drains a server: give one of them another weight", "all its real servers have the weight 0: %s", what)
}

// judgeOwnAddress warns of real servers that are the virtual server.
func (v *service) judgeOwnAddress(l *loader) {
	own := make(map[netip.Addr]bool)
	for _, a := range v.addresses() {
		own[a] = true
	}
	for _, r := range v.servers {
		if own[r.Addr.Addr()] {
			l.warnf(r.pos, "write the server's own address", "real_server %s is the virtual address: the active director would send the connections to itself", serverName(r.Addr))
			return
		}
	}
}

// judgeSorryTwice warns of a sorry server that fails together with the others.
func (v *service) judgeSorryTwice(l *loader) {
	if v.Sorry != nil && slices.ContainsFunc(v.servers, func(r *server) bool { return r.Addr == v.Sorry.Addr }) {
		l.warnf(v.met.at(v.pos, "sorry_server"), "a sorry server is one that does not fail with the others",
			"sorry_server %s is a real server too: while the quorum is lost it gets all connections, whatever its checks say", serverName(v.Sorry.Addr))
	}
}

// judgeUnbuiltChecks warns of real servers whose checks are all not built.
func (v *service) judgeUnbuiltChecks(l *loader) {
	var first *server
	n := 0
	for _, r := range v.servers {
		if r.unbuilt != "" {
			if n++; n == 1 {
				first = r
			}
		}
	}
	switch n {
	case 0:
	case 1:
		l.warnf(first.pos, "add a TCP_CHECK", "real_server %s: it counts as up always: %s is its only check", serverName(first.Addr), first.unbuilt)
	default:
		l.warnf(first.pos, "add a TCP_CHECK to each", "real_server %s%s: they count as up always: their only checks, such as %s, are not supported yet", serverName(first.Addr), andMore(n-1), first.unbuilt)
	}
}

// judgeSlowChecks notes that a silent server is noticed later than delay_loop
// makes believe: a check waits for connect_timeout, and tries again.
func (v *service) judgeSlowChecks(l *loader) {
	for _, r := range v.servers {
		for _, c := range r.checkers {
			spec := defaultSpecs[c.spec.Kind]
			over(&spec, c.timing, r.timing, v.timing)
			if c.dropped || spec.Interval >= spec.Timeout {
				continue
			}
			pos := v.pos
			for _, said := range []seen{c.met, r.met, v.met} {
				if p, ok := said.find("delay_loop"); ok {
					pos = p
					break
				}
			}
			byDefault := ""
			if c.timing.or(r.timing).or(v.timing).timeout == nil {
				byDefault = ", the default"
			}
			worst := spec.Interval + spec.Timeout + time.Duration(spec.Retries)*(spec.RetryDelay+spec.Timeout)
			l.notef(pos, "write a shorter connect_timeout", "delay_loop %s is shorter than connect_timeout %s%s: a server that is silent, such as one without power, counts as down after up to %s seconds",
				inSeconds(spec.Interval), inSeconds(spec.Timeout), byDefault, inSeconds(worst))
			return
		}
	}
}

// judgePlainHTTPS warns of checks that speak HTTP where TLS is expected.
func (v *service) judgePlainHTTPS(l *loader) {
	for _, r := range v.servers {
		for _, c := range r.checkers {
			port := int(r.Addr.Port())
			if c.port != 0 {
				port = c.port
			}
			if c.spec.Kind == healthcheck.HTTP && port == 443 {
				l.warnf(c.pos, "SSL_GET speaks TLS; until it is supported, TCP_CHECK sees whether the port is open",
					"HTTP_GET of port 443: it speaks no TLS, and a server that expects it there counts as down")
				return
			}
		}
	}
}

// judgeStuckClients notes that the persistent clients of a failed server stay
// with it where it is left in the table with the weight 0: their template is
// good until then, but for one setting (ip_vs_check_template in
// net/netfilter/ipvs/ip_vs_conn.c).
func (v *service) judgeStuckClients(l *loader) {
	inhibits := slices.ContainsFunc(v.servers, func(r *server) bool { return r.Inhibit && (r.unbuilt != "" || len(r.checkers) > 0) })
	if set, ok := l.global.sysctls["expire_quiescent_template"]; v.IPVS.Timeout == 0 || !inhibits || ok && set.value != "0" {
		return
	}
	l.notef(v.met.at(v.pos, "inhibit_on_failure"), "write lvs_sysctl { expire_quiescent_template 1 } in global_defs",
		"inhibit_on_failure leaves a failed server in the table, and persistence_timeout sends its clients there for as long as they try")
}
