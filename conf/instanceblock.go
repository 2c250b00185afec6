package conf

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// instanceBlock is what stands in a vrrp_instance. The effective configuration
// is shown in the order of these tables.
var instanceBlock = block[instance]{"vrrp_instance", slices.Concat(
	electionRows, advertRows, addressRows, trackingRows, announcementRows,
	macRows(), notifyRows(func(in *instance) *hooks { return &in.hooks }), notifyInstance(),
)}

// electionRows are about who is master.
var electionRows = []row[instance]{
	custom("state", "MASTER|BACKUP", (*instance).setState).shown(showState).
		doc("BACKUP", "below priority 255 it gives no head start, but MASTER undoes nopreempt and preempt_delay, and without a priority means 255"),
	custom("interface", "IF", (*instance).setInterface).
		shown(func(in *instance) []Node { return statement("interface", in.Interface) }).
		doc("none: it must be said", "adverts leave by it, and its loss is a fault").
		departing("one that does not exist does not stop the start: the instance waits in FAULT. It is needed with unicast_peer too"),
	device[instance]("vrf").inert("an instance has an interface here, and the VRF of that").doc("none", "VRF of an instance without an interface"),
	custom("virtual_router_id", "1..255", (*instance).setVRID).
		shown(func(in *instance) []Node { return statement("virtual_router_id", int(in.VRID)) }).
		doc("none: it must be said", "number of the virtual router, the same on all its routers and on no other of the segment").
		departing("of two instances with one number on an interface the second does not run, where keepalived keeps it in FAULT"),
	custom("priority", "1..255", (*instance).setPriority).
		shown(func(in *instance) []Node { return statement("priority", int(in.Priority)) }).
		doc("100; 255 with state MASTER", "the highest becomes master; 255 is the owner of the addresses"),
	// What either version can say; judgeInterval rounds once the version is known.
	seconds("advert_int", 10*time.Millisecond, 255*time.Second, func(in *instance) *time.Duration { return &in.Interval }).
		doc("", "time between adverts, in version 2 whole seconds, in version 3 steps of 0.01 up to 40.95; a backup takes over after three of them and a bit"),
	custom("version", "2|3", (*instance).setVersion).shown(showVersion).
		doc("that of global_defs; 3 for IPv6", "version of VRRP, the same on all routers"),
	// The last one of these two counts.
	plain("nopreempt", func(in *instance) *bool { return &in.NoPreempt }).
		doc("off", "never takes over from a master of a lower priority"),
	custom("preempt", "", func(in *instance, _ *loader, _ *syntax.Statement) { in.NoPreempt = false }).
		doc("on", "undoes a nopreempt above it"),
	seconds("preempt_delay", 0, 1000*time.Second, func(in *instance) *time.Duration { return &in.PreemptDelay }).
		doc("", "how long a master of a lower priority is left alone once it is heard"),
	boolean("strict_mode", func(in *instance) *bool { return &in.strict }).
		doc("that of vrrp_strict", "refuse what the RFC does not have").
		departing("unicast_peer costs the instance, as since keepalived 2.4"),
	number("down_timer_adverts", 1, 100, func(in *instance) *int { return &in.Manners.DownAdverts }).
		shown(func(in *instance) []Node { return statement("down_timer_adverts", downAdverts(in.Manners)) }).
		doc("that of vrrp_down_timer_adverts", "adverts that must be missing until the master is down"),
	custom("timer_expired_backup", "[1..254]", (*instance).setExpired).
		shown(func(in *instance) []Node { return unlessZero("timer_expired_backup", in.Manners.TimerExpiredBackup) }).
		doc("off; 254 without a number", "with nopreempt, a master that was held up for longer than a backup of this priority waits does not go on as one"),
	custom("thread_timer_expired", "[1..254]", (*instance).setExpired).otherName("timer_expired_backup").doc("", "deprecated"),
	boolean("lower_prio_no_advert", func(in *instance) *bool { return &in.Manners.LowerPrioNoAdvert }).
		doc("that of vrrp_lower_prio_no_advert", "an advert of lower priority is not answered"),
	boolean("higher_prio_send_advert", func(in *instance) *bool { return &in.Manners.HigherPrioAdvert }).
		doc("that of vrrp_higher_prio_send_advert", "one more advert is sent before giving way to another owner; to a better master tandem always does"),
	boolean("owner_ignore_adverts", func(in *instance) *bool { return &in.Manners.OwnerIgnoresAdverts }).
		shown((*instance).showOwnerIgnores).
		doc("that of vrrp_owner_ignore_adverts", "the owner of the addresses hears nobody"),
	custom("vip_lifetime", lifetimeArgs, func(in *instance, l *loader, s *syntax.Statement) { setLifetime(&in.Lifetime, l, s) }).own().
		shown(func(in *instance) []Node { return showLifetime(in.Lifetime) }).
		doc("that of global_defs", "how long the kernel keeps the virtual addresses when no living tandem refreshes them: auto is until a backup has surely taken over, and at least 5 s"),
	obsolete[instance]("debug", "nothing reads it in keepalived either"),
}

// addressRows are about what moves with the master.
var addressRows = []row[instance]{
	custom("virtual_ipaddress", "{ ADDRESS ... }", (*instance).addAddresses).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress", in.Addresses) }).
		doc("", "the addresses that the master has, at most 255 of one family; they stand in its adverts").
		departing("an instance without an address does not run, where keepalived elects a master of nothing in version 2; and an address beyond 255 is an error, where keepalived sets it unsaid"),
	custom("virtual_ipaddress_excluded", "{ ADDRESS ... }", (*instance).addExcluded).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress_excluded", in.Excluded) }).
		doc("none", "addresses of either family that move with the others and are in no advert"),
	plain[instance]("no_virtual_ipaddress", nil).
		inert("an instance without a virtual address does not run: its adverts would hold none, and a router that keeps to the RFC drops those").
		doc("", "an instance without a virtual address is meant so"),
	plain[instance]("promote_secondaries", nil).
		inert("tandem sets it by itself while an interface holds a virtual address that can run out").
		doc("", "removing an address keeps the others of its subnet"),
	// The last one of these two counts.
	custom("accept", "", func(in *instance, _ *loader, _ *syntax.Statement) { in.NoAccept = false }).
		shown(func(in *instance) []Node { return switched("accept", in.strict && !in.NoAccept) }).
		doc("on, unless in strict mode", "packets to a virtual address are accepted"),
	plain("no_accept", func(in *instance) *bool { return &in.NoAccept }).
		doc("", "drop packets to the virtual addresses, unless it is their owner"),
	custom("virtual_routes", "{ ROUTE ... }", (*instance).addRoutes).
		shown(func(in *instance) []Node { return linesOf("virtual_routes", in.routes) }).
		doc("", "routes that move with the virtual addresses"),
	custom("virtual_rules", "{ RULE ... }", (*instance).addRules).
		shown(func(in *instance) []Node { return linesOf("virtual_rules", in.rules) }).
		doc("", "policy rules that move with the virtual addresses"),
	custom("lvs_sync_daemon_interface", "IF", (*instance).setSyncInterface).
		doc("none", "deprecated: lvs_sync_daemon in global_defs, with this instance"),
}

// trackingRows are about what else must work for an instance to be master.
var trackingRows = []row[instance]{
	custom("track_interface", "{ IF [weight N [reverse]] ... }", (*instance).addTracks).
		shown(func(in *instance) []Node { return showTracks("track_interface", in.tracking()) }).
		doc("none", "interfaces whose loss is a fault, or with a weight a change of the priority"),
	trackRow("track_script", trackedScript, maxWeight, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "vrrp_scripts whose failure is a fault, or with a weight a change of the priority"),
	trackRow("track_file", trackedFile, maxWeight+1, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "files whose number changes the priority, or with weight 0 is a fault"),
	trackRow("track_process", trackedProcess, maxWeight+1, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "processes whose end is a fault, or with a weight a change of the priority"),
	trackRow("track_bfd", trackedBFD, maxWeight, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "BFD sessions whose loss is a fault, or with a weight a change of the priority"),
	plain("dont_track_primary", func(in *instance) *bool { return &in.Manners.IgnorePrimary }).
		doc("", "the loss of the instance's own interface is no fault"),
	plain("track_src_ip", func(in *instance) *bool { return &in.Manners.TrackSource }).
		doc("", "the loss of the source address is a fault"),
	plain[instance]("linkbeat_use_polling", nil).inert(linkMessages).doc("", "ask the interface for its link again and again"),
}

// setExpired reads timer_expired_backup: the priority of the backup that would
// have taken over.
func (in *instance) setExpired(l *loader, s *syntax.Statement) {
	if s.Keyword() != "timer_expired_backup" {
		l.oldName(s, "timer_expired_backup")
	}
	n := vrrp.PriorityOwner - 1
	if len(s.Args()) > 0 {
		var ok bool
		if n, ok = l.number(s.Keyword(), s.Words[1], 1, n); !ok {
			return
		}
	}
	in.Manners.TimerExpiredBackup = uint8(n)
}

// showOwnerIgnores shows owner_ignore_adverts where it counts.
func (in *instance) showOwnerIgnores() []Node {
	if in.Priority != vrrp.PriorityOwner {
		return nil
	}
	return statement("owner_ignore_adverts", in.Manners.OwnerIgnoresAdverts)
}
