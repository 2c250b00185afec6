package conf

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// judge completes an instance whose block has been read, and tells whether it
// shall run.
func (in *instance) judge(l *loader) bool {
	in.judgeVersion(l)
	in.judgeInterval(l)
	in.judgePriority(l)
	in.judgeStrict(l)
	in.judgeAuth(l)
	in.judgeState(l)
	in.judgeSources(l)
	in.judgeLinkLocal(l)
	in.judgeWire(l)
	in.judgeManners(l)
	in.judgeTracks(l)
	in.judgeOwn(l)
	if !in.mandatory(l) || in.duplicate(l) {
		return false
	}
	in.advise(l)
	return true
}

// judgeVersion takes the version from the family of the first address: IPv6
// has only version 3 (RFC 9568 section 5.2.1).
func (in *instance) judgeVersion(l *loader) {
	if in.version != 0 {
		in.Version = in.version
	}
	if len(in.Addresses) > 0 && in.Addresses[0].Prefix.Addr().Is6() && in.Version == vrrp.V2 {
		if in.version == vrrp.V2 {
			l.errorf(in.met.at(in.pos, "version"), "", "version 2 is ignored: it has no IPv6")
		}
		in.Version = vrrp.V3
	}
}

// maxInterval is the longest interval of version 3: 12 bits of centiseconds
// (RFC 9568 section 5.2.7).
const maxInterval = 4095 * 10 * time.Millisecond

// judgeInterval rounds the interval to what the version can say. It is said,
// because in version 2 a router drops the adverts of one with another interval
// (RFC 3768 section 7.1), and both become master.
func (in *instance) judgeInterval(l *loader) {
	unit, hint := time.Second, "version 3 has steps of 10 ms; all routers of the group must agree"
	if in.Version == vrrp.V3 {
		unit, hint = 10*time.Millisecond, ""
	}
	exact := in.Interval
	in.Interval = max(unit, exact.Round(unit))
	if in.Version == vrrp.V3 {
		in.Interval = min(in.Interval, maxInterval)
	}
	if in.Interval != exact {
		l.warnf(in.met.at(in.pos, "advert_int"), hint, "advert_int %s becomes %s: that is what VRRP version %d can say",
			inSeconds(exact), inSeconds(in.Interval), in.Version)
	}
}

// judgePriority makes state MASTER the default of the priority.
func (in *instance) judgePriority(l *loader) {
	if in.master && !in.met.has("priority") {
		in.Priority = vrrp.PriorityOwner
		l.warnf(in.met.at(in.pos, "state"), "write a priority", "state MASTER without a priority makes it %d, the owner of the addresses", in.Priority)
	}
}

// judgeState applies what else state MASTER still means in keepalived:
// preemption cannot be held back.
func (in *instance) judgeState(l *loader) {
	why := ""
	switch {
	case in.Priority == vrrp.PriorityOwner:
		why = "priority 255 always preempts"
	case in.master:
		why = "state MASTER always preempts"
	}
	hint := ""
	if in.master {
		hint = "write state BACKUP"
	}
	if in.NoPreempt && why != "" {
		l.errorf(in.met.at(in.pos, "nopreempt"), hint, "nopreempt is ignored: %s", why)
		in.NoPreempt = false
	}
	if in.PreemptDelay == 0 {
		return
	}
	if in.NoPreempt {
		why = "nopreempt is set"
	}
	if why != "" {
		// Who is master in the end is the same, so that no reload is refused for it.
		l.warnf(in.met.at(in.pos, "preempt_delay"), hint, "preempt_delay is ignored: %s", why)
		in.PreemptDelay = 0
	}
}

// judgeSources drops a source and peers of the other family than the virtual
// addresses: adverts go out over the family that they speak of. Without
// addresses, which only version 2 can be, nothing says which that is.
func (in *instance) judgeSources(l *loader) {
	if len(in.Peers) == 0 && in.met.has("unicast_src_ip") && !in.Manners.FaultWithoutPeer {
		l.warnf(in.met.at(in.pos, "unicast_src_ip"), "write unicast_peer, or mcast_src_ip", "unicast_src_ip without a unicast_peer: adverts are multicast")
	}
	if len(in.Addresses) == 0 {
		return
	}
	foreign := func(keyword string, a netip.Addr, pos syntax.Pos) bool {
		if !a.IsValid() || a.Is4() == (in.family() == 4) {
			return false
		}
		l.errorf(pos, "", "%s %s is ignored: the virtual addresses are not %s", keyword, a, family(a))
		return true
	}
	if foreign(in.sourceKeyword, in.Source, in.met.at(in.pos, in.sourceKeyword)) {
		in.Source = netip.Addr{}
	}
	in.Peers = slices.DeleteFunc(in.Peers, func(p netip.Addr) bool {
		if p == in.Source {
			// One file for both directors lists both; keepalived sends to
			// itself then.
			l.notef(in.peer[p].pos, "", "unicast_peer %s is left out: it is the source of this router's adverts", p)
			return true
		}
		return foreign("unicast_peer", p, in.peer[p].pos)
	})
}

// judgeLinkLocal says what IPv6 wants of adverts over multicast: routers of
// another make may not hear others.
func (in *instance) judgeLinkLocal(l *loader) {
	if in.family() != 6 || len(in.Peers) > 0 {
		return
	}
	// RFC 9568 section 5.2.9: the first address is link-local.
	if first := in.Addresses[0].Prefix.Addr(); !first.IsLinkLocalUnicast() {
		sev := Warning
		if in.strict {
			sev = Error
		}
		l.report(sev, in.addressAt(first), "write one of fe80:: before it, the same on all routers", "the first virtual address, %s, is not link-local as RFC 9568 wants it: routers that keep to it drop these adverts", first)
	}
	// RFC 9568 section 5.1.2.1.
	if in.Source.IsValid() && !in.Source.IsLinkLocalUnicast() {
		l.warnf(in.met.at(in.pos, in.sourceKeyword), "leave it out: the link-local address of the interface is taken", "%s %s is not link-local as RFC 9568 wants it: routers that keep to it drop these adverts", in.sourceKeyword, in.Source)
	}
}

// mandatory reports what an instance cannot run without. Fatal is what stands
// for a mistake in this file; a version 2 instance without addresses is in use,
// so that it costs itself alone.
func (in *instance) mandatory(l *loader) bool {
	switch {
	case in.invalid:
	case in.Interface == "":
		l.fatalf(in.pos, "write interface IF", "it has no interface")
	case in.VRID == 0:
		l.fatalf(in.pos, "write virtual_router_id N, the same on all its routers", "it has no virtual_router_id")
	case len(in.Addresses) == 0 && in.Version == vrrp.V3:
		// RFC 9568 section 5.2.5: an advert holds at least one address.
		l.fatalf(in.pos, "write virtual_ipaddress { ... }", "it has no virtual address, and VRRP version 3 needs one")
	case len(in.Addresses) == 0:
		// keepalived lets version 2 elect a master of nothing, for its scripts; a
		// router that keeps to RFC 3768 section 7.1 does not hear its adverts.
		l.errorf(in.pos, "write virtual_ipaddress { ... }; for its scripts alone, one that nobody needs will do: 192.0.2.1/32 dev lo", "the block is ignored: it has no virtual address")
	case in.strict && len(in.Peers) > 0:
		l.errorf(in.met.at(in.pos, "unicast_peer"), "write strict_mode off", "the block is ignored: strict mode has no unicast_peer")
	default:
		return true
	}
	return false
}

// duplicate reports a VRID that an instance above has on the same interface in
// the same family. Two masters of one VRID would hear each other as peers, so
// the second one does not run; keepalived keeps it in FAULT.
func (in *instance) duplicate(l *loader) bool {
	other := l.known.routers[in.router()]
	if other == nil {
		return false
	}
	l.errorf(in.met.at(in.pos, "virtual_router_id"), "a number is of one virtual router of the segment: choose another", "the block is ignored: %s has virtual_router_id %d on %s already",
		other.Name, in.VRID, in.Interface)
	return true
}

// family is 4 or 6, or that of a version 2 instance without addresses: 4.
func (in *instance) family() int {
	if len(in.Addresses) > 0 && in.Addresses[0].Prefix.Addr().Is6() {
		return 6
	}
	return 4
}
