package conf

import (
	"fmt"
	"net/netip"

	"github.com/tandem-ha/tandem/ipvs"
)

// services compares what clients are served with, whoever is master.
func (c *comparison) services() {
	theirs := make(map[ipvs.Key]*service)
	for _, w := range c.other.services {
		for _, k := range w.keys() {
			theirs[k] = w
		}
	}
	met := make(map[*service]bool)
	for _, v := range c.this.services {
		w := theirs[v.Key]
		if w == nil {
			w = c.otherProtocol(v, met)
		} else {
			c.service(v, w)
		}
		if w == nil {
			c.report(Error, v.pos, c.other.whole(), bothSay, "%s is not there: its clients are refused while the other director is master", v.scope)
		}
		met[w] = true
	}
	for _, w := range c.other.services {
		if !met[w] {
			c.report(Error, c.this.whole(), w.pos, bothSay, "%s is not here: its clients are refused while this director is master", w.scope)
		}
	}
}

// otherProtocol finds the service that is the same but for its protocol, which
// is UDP wherever nobody says it.
func (c *comparison) otherProtocol(v *service, met map[*service]bool) *service {
	for _, w := range c.other.services {
		if !met[w] && w.Key.Addr == v.Key.Addr && w.Key.FWMark == v.Key.FWMark && w.Key.Family == v.Key.Family && w.Key.Protocol != v.Key.Protocol {
			c.report(Error, v.met.at(v.pos, "protocol"), w.met.at(w.pos, "protocol"), bothSay,
				"virtual_server %s: protocol %s here, %s there: its clients are refused after a failover", serverName(v.Key.Addr), v.Key.Protocol, w.Key.Protocol)
			return w
		}
	}
	return nil
}

// service compares two that clients take for one.
func (c *comparison) service(v, w *service) {
	differ := func(sev Severity, keywords []string, format string, args ...any) {
		c.report(sev, v.met.at(v.pos, keywords...), w.met.at(w.pos, keywords...), bothSay, v.scope+": "+format, args...)
	}
	if a, b := without(v.keys(), w.keys()), without(w.keys(), v.keys()); len(a)+len(b) > 0 {
		differ(Error, nil, "its members are not the same in both: %s: their clients are refused after a failover", oneSided(keyNames(a), keyNames(b)))
	}
	match := func(m mark) string { return fmt.Sprint(m.Match) } // It holds a slice, and cannot be compared.
	if a, b := convert(v.matches, match), convert(w.matches, match); len(without(a, b))+len(without(b, a)) > 0 {
		differ(Error, []string{"mark_match"}, "mark_match is not the same in both: after a failover other packets belong to the service")
	}
	c.balancing(v, w, differ)
	c.servers(v, w)
	if v.Quorum != w.Quorum || v.Hysteresis != w.Hysteresis {
		differ(Warning, []string{"quorum", "hysteresis"}, "quorum %d with hysteresis %d here, %d with %d there: the directors do not agree on when the service is lost",
			v.Quorum, v.Hysteresis, w.Quorum, w.Hysteresis)
	}
	switch {
	case v.Sorry == nil && w.Sorry == nil:
	case v.Sorry == nil:
		differ(Warning, []string{"sorry_server"}, "sorry_server %s is not here: without its servers the service refuses its clients while this director is master", serverName(w.Sorry.Addr))
	case w.Sorry == nil:
		differ(Warning, []string{"sorry_server"}, "sorry_server %s is not there: without its servers the service refuses its clients while the other director is master", serverName(v.Sorry.Addr))
	case v.Sorry.Addr != w.Sorry.Addr:
		differ(Warning, []string{"sorry_server"}, "sorry_server %s here, %s there", serverName(v.Sorry.Addr), serverName(w.Sorry.Addr))
	}
}

// balancing compares how a client finds its server.
func (c *comparison) balancing(v, w *service, differ func(Severity, []string, string, ...any)) {
	scheduler := []string{"lb_algo", "lvs_sched"}
	if a, b := v.IPVS, w.IPVS; a.Scheduler != b.Scheduler {
		differ(Warning, scheduler, "lb_algo %s here, %s there: %s", a.Scheduler, b.Scheduler, scheduled(a.Scheduler, b.Scheduler))
	} else if x, y := a.Flags&^ipvs.Persistent, b.Flags&^ipvs.Persistent; x != y {
		differ(Warning, scheduler, "the flags of its scheduler are %s here and %s there: %s", x, y, scheduled(a.Scheduler, b.Scheduler))
	}
	switch a, b := v.IPVS, w.IPVS; {
	case (a.Timeout == 0) != (b.Timeout == 0):
		differ(Error, []string{"persistence_timeout"}, "persistence_timeout is %s here and %s there: after a failover clients leave the server that holds their session", inWords(a.Timeout), inWords(b.Timeout))
	case a.Timeout != b.Timeout:
		differ(Warning, []string{"persistence_timeout"}, "persistence_timeout is %s here and %s there: a client is remembered for another time after a failover", inWords(a.Timeout), inWords(b.Timeout))
	case a.Timeout != 0 && (a.Granularity != b.Granularity || a.PE != b.PE):
		differ(Warning, []string{"persistence_granularity", "persistence_engine"}, "clients persist by other rules there: after a failover some leave the server that holds their session")
	}
}

// scheduled says what comes of two schedulers.
func scheduled(a, b string) string {
	for _, s := range [...]string{"sh", "mh", "dh"} {
		if a == s || b == s {
			return "after a failover clients are sent to other servers than before"
		}
	}
	return "the servers get other shares after a failover"
}

// servers compares the real servers of a service.
func (c *comparison) servers(v, w *service) {
	theirs := make(map[ipvs.Server]*server, len(w.servers))
	for _, r := range w.servers {
		theirs[r.Addr] = r
	}
	ours := make(map[ipvs.Server]bool, len(v.servers))
	var lost, gained []*server
	for _, r := range v.servers {
		ours[r.Addr] = true
		if o := theirs[r.Addr]; o != nil {
			c.server(v, r, o)
		} else {
			lost = append(lost, r)
		}
	}
	for _, r := range w.servers {
		if !ours[r.Addr] {
			gained = append(gained, r)
		}
	}
	const why = "its connections are not carried over, and the other servers have its share, while %s director is master"
	if len(lost) > 0 {
		c.report(Error, lost[0].pos, w.pos, bothSay, "%s: real_server %s %s not there: "+why, v.scope, list(serverNames(lost)), is(lost), "the other")
	}
	if len(gained) > 0 {
		c.report(Error, v.pos, gained[0].pos, bothSay, "%s: real_server %s %s not here: "+why, v.scope, list(serverNames(gained)), is(gained), "this")
	}
}

// server compares one real server of both.
func (c *comparison) server(v *service, r, o *server) {
	name := fmt.Sprintf("%s: real_server %s", v.scope, serverName(r.Addr))
	differ := func(sev Severity, keyword, format string, args ...any) {
		c.report(sev, r.met.at(r.pos, keyword), o.met.at(o.pos, keyword), bothSay, name+": "+format, args...)
	}
	a, b := r.Dest, o.Dest
	if x, y := reached(a, r.FullNAT), reached(b, o.FullNAT); x != y {
		differ(Error, "lvs_method", "it is reached by %s here and by %s there: what it must be set up for changes with a failover", x, y)
	} else if a.Tunnel != b.Tunnel {
		differ(Error, "lvs_method", "its tunnel is not the same in both: what it must be set up for changes with a failover")
	}
	if a.Weight != b.Weight {
		differ(Warning, "weight", "weight %d here, %d there: its share changes with a failover", a.Weight, b.Weight)
	}
	if a.Upper != b.Upper || a.Lower != b.Lower {
		differ(Warning, "uthreshold", "its limits of connections are %d and %d here, %d and %d there", a.Upper, a.Lower, b.Upper, b.Lower)
	}
	switch {
	case len(r.checks) > 0 && len(o.checks) == 0:
		differ(Warning, "", "it is checked here and not there: while the other director is master clients are sent to it when it is down")
	case len(r.checks) == 0 && len(o.checks) > 0:
		differ(Warning, "", "it is checked there and not here: while this director is master clients are sent to it when it is down")
	default:
		if what := unlikeChecks(r.checks, o.checks); what != "" {
			differ(Warning, "", "its checks are not the same in both (%s): the directors may disagree on whether it is up", what)
		}
	}
}

// reached is how packets get to a server.
func reached(d ipvs.Destination, fullNAT bool) string {
	return method{forwarding: d.Forwarding, fullNAT: fullNAT}.String()
}

func serverNames(all []*server) []string {
	return convert(all, func(r *server) string { return serverName(r.Addr) })
}

// convert makes something of each value.
func convert[A, B any](values []A, to func(A) B) []B {
	all := make([]B, 0, len(values))
	for _, v := range values {
		all = append(all, to(v))
	}
	return all
}

// keyNames are the keys of services for people.
func keyNames(keys []ipvs.Key) []string {
	return convert(keys, func(k ipvs.Key) string {
		if k.Addr == (netip.AddrPort{}) {
			return fmt.Sprintf("fwmark %d", k.FWMark)
		}
		return serverName(k.Addr)
	})
}

// oneSided says what only one of the two files has.
func oneSided(here, there []string) string {
	switch {
	case len(there) == 0:
		return "only here " + is(here) + " " + list(here)
	case len(here) == 0:
		return "only there " + is(there) + " " + list(there)
	}
	return "only here " + is(here) + " " + list(here) + ", only there " + list(there)
}
