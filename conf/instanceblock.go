package conf

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// instanceBlock is what stands in a vrrp_instance. The effective configuration
// is shown in the order of these tables.
var instanceBlock = block[instance]{"vrrp_instance", slices.Concat(
	electionRows, advertRows, addressRows, trackingRows, announcementRows,
	macRows(), notifyRows[instance](), notifyInstance(),
)}

// electionRows are about who is master.
var electionRows = []row[instance]{
	custom("state", "MASTER|BACKUP", (*instance).setState).shown(showState).
		doc("BACKUP", "below priority 255 it gives no head start, but MASTER undoes nopreempt and preempt_delay, and without a priority means 255"),
	custom("interface", "IF", (*instance).setInterface).
		shown(func(in *instance) []Node { return statement("interface", in.Interface) }).
		doc("none: it must be said", "adverts leave by it, and its loss is a fault").
		departing("one that does not exist does not stop the start: the instance waits in FAULT. It is needed with unicast_peer too"),
	device[instance]("vrf").later().doc("none", "VRF of an instance without an interface"),
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
	boolean[instance]("strict_mode", nil).later().
		meanwhile("the instance keeps its authentication, unicast peers and preempt_delay, as with vrrp_strict").
		doc("that of vrrp_strict", "refuse what the RFC does not have"),
	inRange[instance]("down_timer_adverts", 1, 100).later().doc("3", "adverts that must be missing until the master is down"),
	custom("timer_expired_backup", "[1..254]", checkExpired).later().doc("off; 254 without a number", "a master that was held up does not go on as one, where nopreempt is set"),
	custom("thread_timer_expired", "[1..254]", checkExpired).later().otherName("timer_expired_backup").doc("", "deprecated"),
	boolean[instance]("lower_prio_no_advert", nil).later().doc("that of vrrp_lower_prio_no_advert", "an advert of lower priority is not answered"),
	boolean[instance]("higher_prio_send_advert", nil).later().doc("that of vrrp_higher_prio_send_advert", "one more advert is sent before a master of higher priority is obeyed"),
	boolean[instance]("owner_ignore_adverts", nil).later().doc("that of vrrp_owner_ignore_adverts", "the owner of the addresses hears nobody"),
	obsolete[instance]("debug", "nothing reads it in keepalived either"),
}

// addressRows are about what moves with the master.
var addressRows = []row[instance]{
	custom("virtual_ipaddress", "{ ADDRESS ... }", (*instance).addAddresses).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress", in.Addresses) }).
		doc("", "the addresses that the master has, at most 255 of one family; they stand in its adverts").
		departing("an instance without an address does not run, where keepalived elects a master of nothing in version 2; an address beyond 255 is an error, where keepalived sets it unsaid; and IPv6 virtual routers are not built yet"),
	custom("virtual_ipaddress_excluded", "{ ADDRESS ... }", (*instance).addExcluded).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress_excluded", in.Excluded) }).
		doc("none", "addresses of either family that move with the others and are in no advert"),
	plain[instance]("no_virtual_ipaddress", nil).later().doc("", "an instance without a virtual address is meant so"),
	plain[instance]("promote_secondaries", nil).
		inert("addresses that the kernel removes together with the first one of their subnet are set again").
		doc("", "removing an address keeps the others of its subnet"),
	plain[instance]("accept", nil).
		doc("on", "packets to a virtual address are accepted, which tandem always does"),
	plain[instance]("no_accept", nil).later().meanwhile("a master takes packets to its virtual addresses").doc("", "drop packets to the virtual addresses, unless it is their owner"),
	custom("virtual_routes", "{ ROUTE ... }", func(_ *instance, l *loader, s *syntax.Statement) { l.routes(s, false) }).later().
		doc("", "routes that move with the virtual addresses"),
	custom("virtual_rules", "{ RULE ... }", func(_ *instance, l *loader, s *syntax.Statement) { l.policyRules(s, false) }).later().
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
	plain[instance]("dont_track_primary", nil).later().meanwhile("the loss of the interface is a fault").doc("", "the loss of the instance's own interface is no fault"),
	plain[instance]("track_src_ip", nil).later().doc("", "the loss of the source address is a fault"),
	plain[instance]("linkbeat_use_polling", nil).inert(linkMessages).doc("", "ask the interface for its link again and again"),
}

// checkExpired checks timer_expired_backup: the priority from which it counts.
func checkExpired(_ *instance, l *loader, s *syntax.Statement) {
	if s.Keyword() != "timer_expired_backup" {
		l.oldName(s, "timer_expired_backup")
	}
	for _, w := range s.Args() {
		l.number(s.Keyword(), w, 1, 254)
	}
}
