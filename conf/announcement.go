package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// announcementRows are about gratuitous ARP and its kin of IPv6, by which the
// neighbours learn where the addresses are.
var announcementRows = []row[instance]{
	wholeSeconds("garp_master_delay", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Delay }).
		doc("vrrp_garp_master_delay", "a second burst of announcements this long after becoming master; 0: none"),
	count("garp_master_repeat", func(in *instance) *int { return &in.Announce.Repeat }).
		doc("vrrp_garp_master_repeat", "announcements of each address in a burst"),
	wholeSeconds("garp_master_refresh", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Refresh }).
		doc("vrrp_garp_master_refresh", "the master announces its addresses again every so often; 0: never").
		departing("60 where nothing is said, not 0: a switch that forgot an address learns it again"),
	count("garp_master_refresh_repeat", func(in *instance) *int { return &in.Announce.RefreshRepeat }).
		doc("vrrp_garp_master_refresh_repeat", "announcements of each address in a refresh"),
	wholeSeconds("garp_lower_prio_delay", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.LowerDelay }).
		doc("that of vrrp_garp_lower_prio_delay", "a second burst this long after an advert of lower priority; 0: none"),
	repetitions("garp_lower_prio_repeat", func(in *instance) *int { return &in.Announce.LowerRepeat }).
		doc("that of vrrp_garp_lower_prio_repeat", "announcements of each address after an advert of lower priority; 0: none"),
	custom("garp_extra_if", "[all] 0..86400", (*instance).setExtra).shown((*instance).showExtra).
		doc("that of vrrp_garp_extra_if", "seconds between announcements on the interfaces below VMACs, with all on all others that have addresses of the instance; 0: none"),
	custom("vmac_garp_intvl", "[all] 0..86400", (*instance).setExtra).otherName("garp_extra_if").doc("", "deprecated"),
}

// setExtra and showExtra are garp_extra_if. 0 is shown where it is said, since
// global_defs may say otherwise.
func (in *instance) setExtra(l *loader, s *syntax.Statement) {
	if s.Keyword() == "vmac_garp_intvl" {
		l.oldName(s, "garp_extra_if")
	}
	if every, all, ok := l.extraInterfaces(s, 0); ok {
		in.Announce.Extra, in.Announce.ExtraAll = every, all
	}
}

func (in *instance) showExtra() []Node {
	if in.Announce.Extra == 0 && (in.met.has("garp_extra_if") || in.met.has("vmac_garp_intvl")) {
		return statement("garp_extra_if", 0)
	}
	return showExtra("garp_extra_if", in.Announce)
}
