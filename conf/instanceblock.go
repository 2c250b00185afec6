package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// instanceBlock is what stands in a vrrp_instance.
var instanceBlock = block[instance]{"vrrp_instance", append([]row[instance]{
	custom("state", "MASTER|BACKUP", (*instance).setState).shown(showState).
		doc("BACKUP", "below priority 255 it gives no head start, but MASTER undoes nopreempt and preempt_delay, and without a priority means 255"),
	custom("interface", "IF", (*instance).setInterface).
		shown(func(in *instance) []Node { return statement("interface", in.Interface) }).
		doc("none: it must be said", "adverts leave by it, and its loss is a fault").
		departing("one that does not exist does not stop the start: the instance waits in FAULT. It is needed with unicast_peer too"),
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
	custom("mcast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("mcast_src_ip") }).
		doc("the primary address of the interface", "source of adverts"),
	custom("unicast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("unicast_src_ip") }).
		doc("the primary address of the interface", "source of adverts; they are unicast with unicast_peer only"),
	custom("unicast_peer", "{ IP [OPTION ...] ... }", (*instance).addPeers).shown(showPeers).
		doc("none: multicast", "the other routers: adverts go to each of them").
		departing("the own unicast_src_ip is left out, so that one list serves both directors"),
	custom("authentication", "{ }", (*instance).readAuth).shown((*instance).showAuth).holding(authBlock).only().
		doc("none", "simple authentication of version 2"),
	custom("virtual_ipaddress", "{ ADDRESS ... }", (*instance).addAddresses).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress", in.Addresses) }).
		doc("", "the addresses that the master has, at most 255 of one family; they stand in its adverts").
		departing("an instance without an address does not run, where keepalived elects a master of nothing in version 2; an address beyond 255 is an error, where keepalived sets it unsaid; and IPv6 virtual routers are not built yet"),
	custom("virtual_ipaddress_excluded", "{ ADDRESS ... }", (*instance).addExcluded).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress_excluded", in.Excluded) }).
		doc("none", "addresses of either family that move with the others and are in no advert"),
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
	wholeSeconds("garp_master_delay", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Delay }).
		doc("vrrp_garp_master_delay", "a second burst of announcements this long after becoming master; 0: none"),
	count("garp_master_repeat", func(in *instance) *int { return &in.Announce.Repeat }).
		doc("vrrp_garp_master_repeat", "announcements of each address in a burst"),
	wholeSeconds("garp_master_refresh", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Refresh }).
		doc("vrrp_garp_master_refresh", "the master announces its addresses again every so often; 0: never").
		departing("60 where nothing is said, not 0: a switch that forgot an address learns it again"),
	count("garp_master_refresh_repeat", func(in *instance) *int { return &in.Announce.RefreshRepeat }).
		doc("vrrp_garp_master_refresh_repeat", "announcements of each address in a refresh"),
	custom("lvs_sync_daemon_interface", "IF", (*instance).setSyncInterface).
		doc("none", "deprecated: lvs_sync_daemon in global_defs, with this instance"),
	plain[instance]("accept", nil).
		doc("on", "packets to a virtual address are accepted, which tandem always does"),
}, laterInstance()...)}
