package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// compare says why the two would not be one virtual router, and what is amiss
// when they are.
func (p pair) compare(c *comparison) {
	p.compareAdverts(c)
	p.compareAuth(c)
	p.compareHMAC(c)
	p.compareCast(c)
	p.compareWire(c)
	p.compareSources(c)
	p.comparePriority(c)
	p.compareStart(c)
	p.compareManners(c)
	p.compareAddresses(c)
}

// differ reports what both must say alike.
func (p pair) differ(c *comparison, sev Severity, keyword, hint, format string, args ...any) {
	c.report(sev, p.here.said(keyword), p.there.said(keyword), hint, "%s: "+format, append([]any{p.name()}, args...)...)
}

// compareAdverts compares what a router checks in every advert.
func (p pair) compareAdverts(c *comparison) {
	a, b := p.here, p.there
	if a.Version != b.Version {
		p.differ(c, Error, "version", bothSay, "version %d here, %d there: each drops the adverts of the other, and %s", a.Version, b.Version, bothMaster)
	}
	switch {
	case a.Interval == b.Interval:
	case a.Version == vrrp.V2 && b.Version == vrrp.V2:
		// RFC 3768 section 7.1.
		p.differ(c, Error, "advert_int", bothSay, "advert_int %s here, %s there: VRRP version 2 drops adverts of another interval, and %s",
			inSeconds(a.Interval), inSeconds(b.Interval), bothMaster)
	default:
		// RFC 9568 section 6.1: the backup goes by the master's interval.
		slow := "this"
		if b.Interval > a.Interval {
			slow = "the other"
		}
		p.differ(c, Warning, "advert_int", bothSay, "advert_int %s here, %s there: the death of %s director is noticed later than the other way round",
			inSeconds(a.Interval), inSeconds(b.Interval), slow)
	}
}

// compareAuth never shows a password, nor how far two are alike.
func (p pair) compareAuth(c *comparison) {
	a, b := p.here, p.there
	if a.Version == vrrp.V3 || b.Version == vrrp.V3 || a.Auth == b.Auth && a.AuthHeader == b.AuthHeader && a.auth.masked == b.auth.masked {
		return
	}
	if a.auth.masked || b.auth.masked {
		file := "the other file"
		if a.auth.masked {
			file = "this file"
		}
		p.differ(c, Note, "authentication", "dump with --show-secrets", "auth_pass is masked in %s, and not compared", file)
		return
	}
	what := "auth_pass is not the same in both"
	switch none := (vrrp.Password{}); {
	case a.Auth == none:
		what = "authentication there, none here"
	case b.Auth == none:
		what = "authentication here, none there"
	case a.AuthHeader != b.AuthHeader:
		what = fmt.Sprintf("auth_type %s here, %s there", a.auth.kind, b.auth.kind)
	}
	p.differ(c, Error, "authentication", bothSay, "%s: each drops the adverts of the other, and %s", what, bothMaster)
}

// compareCast compares how adverts travel.
func (p pair) compareCast(c *comparison) {
	a, b := len(p.here.Peers) > 0, len(p.there.Peers) > 0
	how := map[bool]string{true: "unicast", false: "multicast"}
	if a != b {
		p.differ(c, Error, "unicast_peer", "write unicast_peer in both files, or in none", "adverts are %s here and %s there: neither director hears the other, and %s",
			how[a], how[b], bothMaster)
	}
}

// compareSources holds that each sends to where the other one is. Where a file
// does not say its source it is the primary address of an interface, which
// nobody can tell for another host.
func (p pair) compareSources(c *comparison) {
	a, b := p.here, p.there
	if c.guessed {
		return
	}
	if a.Source.IsValid() && a.Source == b.Source {
		c.report(Error, a.said(a.sourceKeyword), b.said(b.sourceKeyword), "write each director's own address",
			"%s: %s %s in both: a director drops what seems to come from itself, and %s", p.name(), a.sourceKeyword, a.Source, bothMaster)
		return
	}
	if len(a.Peers) == 0 || len(b.Peers) == 0 {
		return
	}
	if b.Source.IsValid() && !slices.Contains(a.Peers, b.Source) {
		c.report(Error, a.said("unicast_peer"), b.said(b.sourceKeyword), "name it in unicast_peer",
			"%s: unicast_peer is %s here, and the other director is %s: it does not hear this one, and %s", p.name(), list(a.Peers), b.Source, bothMaster)
	}
	if a.Source.IsValid() && !slices.Contains(b.Peers, a.Source) {
		c.report(Error, a.said(a.sourceKeyword), b.said("unicast_peer"), "name it in unicast_peer of the other file",
			"%s: unicast_peer is %s there, and this director is %s: it does not hear the other one, and %s", p.name(), list(b.Peers), a.Source, bothMaster)
	}
	if !a.Source.IsValid() || !b.Source.IsValid() {
		p.differ(c, Note, "unicast_peer", "write unicast_src_ip", "whether each unicast_peer is where the other director sends from cannot be told: %s does not say unicast_src_ip", p.silent())
	}
}

// silent is the file that does not say its source.
func (p pair) silent() string {
	switch {
	case p.here.Source.IsValid():
		return "the other file"
	case p.there.Source.IsValid():
		return "this file"
	}
	return "either file"
}

// comparePriority reports priorities that do not decide.
func (p pair) comparePriority(c *comparison) {
	a, b := p.here, p.there
	switch {
	case a.Priority != b.Priority:
	case a.Priority == vrrp.PriorityOwner:
		p.differ(c, Error, "priority", "give at most one of them 255", "priority 255 in both: only the owner of the addresses has it, and both start as master")
	case a.NoPreempt && b.NoPreempt:
		p.differ(c, Note, "priority", "", "priority %d in both: whoever is master stays it; where both start at once %s", a.Priority, higherAddress(a.Source, b.Source))
	default:
		p.differ(c, Warning, "priority", "give the preferred director the higher one", "priority %d in both: neither is preferred; where both start at once %s", a.Priority, higherAddress(a.Source, b.Source))
	}
}

// higherAddress says who wins between two routers of one priority (RFC 9568
// section 6.4.3).
func higherAddress(here, there netip.Addr) string {
	switch {
	case !here.IsValid() || !there.IsValid() || here == there:
		return "the one with the higher address becomes master"
	case here.Compare(there) > 0:
		return "this one becomes master, " + here.String() + " being the higher address"
	}
	return "the other one becomes master, " + there.String() + " being the higher address"
}

// compareStart compares who may take the addresses from whom.
func (p pair) compareStart(c *comparison) {
	a, b := p.here, p.there
	if a.master && b.master {
		p.differ(c, Warning, "state", "write state BACKUP where the priority is lower", "state MASTER in both: where keepalived runs it starts as master, and takes the addresses for a moment from one that is master already")
	}
	above, below, who := a, b, "this"
	if b.Priority > a.Priority {
		above, below, who = b, a, "the other"
	}
	if below.master && !above.master && a.Priority != b.Priority {
		p.differ(c, Warning, "state", "write state MASTER where the priority is higher", "state MASTER where the priority is lower: where keepalived runs, that director starts as master, and %s director, which is preferred, takes the addresses from it", who)
	}
	switch {
	case a.Priority == b.Priority:
	case below.NoPreempt && !above.NoPreempt:
		p.differ(c, Warning, "nopreempt", "write nopreempt where the priority is higher", "nopreempt counts where the priority is higher: %s director takes the addresses back as soon as it returns", who)
	case above.PreemptDelay == 0 && below.PreemptDelay > 0 && !above.NoPreempt:
		p.differ(c, Warning, "preempt_delay", "write preempt_delay where the priority is higher", "preempt_delay counts where the priority is higher: %s director takes the addresses back at once when it returns", who)
	}
}

// compareAddresses compares the virtual addresses as sets: their order is not
// compared by anybody.
func (p pair) compareAddresses(c *comparison) {
	a, b := p.here, p.there
	differ := func(sev Severity, at []netip.Addr, format string, args ...any) {
		c.report(sev, a.addressAt(at[0]), b.addressAt(at[0]), bothSay, "%s: "+format, append([]any{p.name()}, args...)...)
	}
	if gone := without(a.all(), b.all()); len(gone) > 0 {
		differ(Error, gone, "%s %s not there: when this director dies nobody takes %s over", list(gone), is(gone), them(gone))
	}
	if gone := without(b.all(), a.all()); len(gone) > 0 {
		differ(Error, gone, "%s %s not here: when the other director dies nobody takes %s over", list(gone), is(gone), them(gone))
	}
	moved := append(common(a.advertised(), b.excluded()), common(a.excluded(), b.advertised())...)
	if len(moved) > 0 {
		differ(Warning, moved, "%s %s in virtual_ipaddress in one file and in virtual_ipaddress_excluded in the other: keepalived drops adverts with other addresses than its own, and %s",
			list(moved), is(moved), bothMaster)
	}
	bits := make(map[netip.Addr]int)
	for _, y := range b.addresses() {
		bits[y.Prefix.Addr()] = y.Prefix.Bits()
	}
	for _, x := range a.addresses() {
		ip := x.Prefix.Addr()
		if there, both := bits[ip]; both && x.Prefix.Bits() != there {
			differ(Warning, []netip.Addr{ip}, "%s has the prefix length %d here, %d there: the master's route to its network depends on who it is", ip, x.Prefix.Bits(), there)
		}
	}
}

// common are the values of a that b has too.
func common[T comparable](a, b []T) []T { return without(a, without(a, b)) }

// them is the pronoun for so many.
func them[T any](of []T) string {
	if len(of) == 1 {
		return "it"
	}
	return "them"
}

// inWords is a time as the file would say it, and 0 as none.
func inWords(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return inSeconds(d) + " s"
}
