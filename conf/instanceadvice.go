package conf

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// What is doubtful of instances though nothing is wrong with them: each of these
// changes nothing, and says what will happen.

// advise judges one instance that runs.
func (in *instance) advise(l *loader) {
	in.adviseInterval(l)
	in.advisePreemption(l)
	in.adviseAddresses(l)
	in.adviseLifetime(l)
}

// downTime is how long a backup of this priority waits for an advert before it
// takes over.
func (in *instance) downTime() time.Duration { return in.takeover(in.Priority) }

// takeover is how long a backup of some priority waits (RFC 9568 section 6.1,
// RFC 3768 section 6.1).
func (in *instance) takeover(priority uint8) time.Duration {
	unit := time.Second
	if in.Version == vrrp.V3 {
		unit = in.Interval
	}
	return time.Duration(downAdverts(in.Manners))*in.Interval + time.Duration(256-int(priority))*unit/256
}

const (
	// hastyInterval is what a pause of a virtual machine, or of a process on a
	// busy host, is not always shorter than three of.
	hastyInterval = 100 * time.Millisecond
	// slowInterval makes an outage that people notice and call about.
	slowInterval = 10 * time.Second
)

// adviseInterval warns of an interval that makes the addresses flap, or an
// outage long.
func (in *instance) adviseInterval(l *loader) {
	pos, wait := in.met.at(in.pos, "advert_int"), inSeconds(in.downTime().Round(10*time.Millisecond))
	switch {
	case in.Interval < hastyInterval:
		l.warnf(pos, "0.1 or more is safer", "advert_int %s: a backup takes over after %s s without an advert, and a host that stands still that long "+
			"(a snapshot, a migration, a busy processor) loses its addresses for nothing", inSeconds(in.Interval), wait)
	case in.Interval >= slowInterval:
		l.warnf(pos, "1 is usual, which makes it 4 s at most", "advert_int %s: when the master dies, nobody answers for up to %s s", inSeconds(in.Interval), wait)
	}
}

// advisePreemption warns of statements of which only one can be meant.
func (in *instance) advisePreemption(l *loader) {
	no, said := in.met.find("nopreempt")
	yes, also := in.met.find("preempt")
	if said && also {
		what, pos := "nopreempt", no
		if no.Compare(yes) < 0 {
			what, pos = "preempt", yes
		}
		l.warnf(pos, "leave one of them out", "preempt and nopreempt: the last one counts, which is %s", what)
	}
	if in.Priority == vrrp.PriorityOwner && !in.master && in.met.has("state") {
		l.warnf(in.met.at(in.pos, "state"), "write a priority below 255, unless this router owns the addresses",
			"state BACKUP counts for nothing: a router of priority 255 is master as soon as it runs")
	}
}

// adviseAddresses warns of a virtual address where one of a router belongs:
// only the master has it.
func (in *instance) adviseAddresses(l *loader) {
	if _, virtual := in.lines[in.Source]; virtual {
		l.warnf(in.met.at(in.pos, in.sourceKeyword), "write the address that the interface always has",
			"%s %s is a virtual address of this instance: only the master has it, and a backup that takes over cannot send from it", in.sourceKeyword, in.Source)
	}
	for _, p := range in.Peers {
		if _, virtual := in.lines[p]; virtual {
			l.warnf(in.peer[p].pos, "write the address that the other router always has",
				"unicast_peer %s is a virtual address of this instance: the master would send to itself, and the other router become master too", p)
		}
	}
}

// adviseInstances judges what concerns several instances.
func (l *loader) adviseInstances() {
	l.adviseSharedAddresses()
	l.adviseGroups()
	l.adviseWeights()
	l.adviseAuth()
}

// adviseSharedAddresses warns of an address that two instances move.
func (l *loader) adviseSharedAddresses() {
	holder := make(map[netip.Addr]*instance)
	for _, in := range l.instances {
		for _, a := range in.addresses() {
			ip := a.Prefix.Addr()
			other := holder[ip]
			if other == nil {
				holder[ip] = in
				continue
			}
			l.within("vrrp_instance "+in.Name, func() {
				l.warnf(in.lines[ip].pos, "list it in one of them only", "address %s is one of vrrp_instance %s too: whichever of them becomes backup takes it from the other, "+
					"and each may be master on another director", ip, other.Name)
			})
		}
	}
}

// adviseGroups warns of a group that will not preempt because of one member:
// it is master only where all of them would be.
func (l *loader) adviseGroups() {
	for _, g := range l.groups {
		var not, free *instance
		for _, name := range g.runs {
			if in := l.known.instances[name]; in.NoPreempt {
				not = in
			} else {
				free = in
			}
		}
		if not != nil && free != nil {
			l.within("vrrp_sync_group "+g.name, func() {
				l.warnf(not.met.at(not.pos, "nopreempt"), "write nopreempt into all members, or none",
					"nopreempt of vrrp_instance %s holds for %s too: a group is master only where each member would be", not.Name, free.Name)
			})
		}
	}
}

// adviseAuth notes once that adverts can be forged. auth_pass is no remedy, so
// it is not advised: it is sent in clear (RFC 3768 section 10). A signature is.
func (l *loader) adviseAuth() {
	var first *instance
	more := 0
	for _, in := range l.instances {
		switch {
		case in.Auth != vrrp.Password{}, in.HMAC != nil:
		case first == nil:
			first = in
		default:
			more++
		}
	}
	if first == nil {
		return
	}
	others := ""
	switch {
	case more == 1:
		others = " (nor are those of 1 other instance)"
	case more > 1:
		others = fmt.Sprintf(" (nor are those of %d other instances)", more)
	}
	l.within("vrrp_instance "+first.Name, func() {
		l.notef(first.pos, "sign them with auth_hmac on both directors, which keepalived has from 2.4, or keep strangers off the segment",
			"adverts are not authenticated%s: any host on the segment can take the addresses away", others)
	})
}
