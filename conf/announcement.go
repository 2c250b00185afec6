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
	wholeSeconds[instance]("garp_lower_prio_delay", 0, maxDelay, nil).later().doc("that of vrrp_garp_lower_prio_delay", "time until the second burst of ARP after an advert of lower priority"),
	count[instance]("garp_lower_prio_repeat", nil).later().doc("that of vrrp_garp_lower_prio_repeat", "gratuitous ARPs after an advert of lower priority"),
	custom("garp_extra_if", "[all] 0..86400", checkExtraGARP[instance](0)).later().doc("that of vrrp_garp_extra_if", "seconds between gratuitous ARPs on the interfaces below VMACs; 0: none"),
	custom("vmac_garp_intvl", "[all] 0..86400", checkExtraGARP[instance](0)).later().otherName("garp_extra_if").doc("", "deprecated"),
}

// checkExtraGARP checks [all] N; the loosest of them is off.
func checkExtraGARP[T any](from int) func(*T, *loader, *syntax.Statement) {
	return func(_ *T, l *loader, s *syntax.Statement) {
		if s.Keyword() == "vmac_garp_intvl" {
			l.oldName(s, "garp_extra_if")
		}
		args := s.Args()
		if len(args) > 0 && args[0].Text == "all" {
			args = args[1:]
		}
		switch {
		case len(args) == 0:
			l.errorf(s.Pos, "", "%s lacks its seconds", s.Keyword())
		case len(args) > 1:
			l.extra(s, len(s.Args())-len(args)+1)
			rewrite(s, texts(s.Words[:len(s.Words)-len(args)+1]))
		}
		for _, w := range args[:min(len(args), 1)] {
			l.number(s.Keyword(), w, from, 86400)
		}
	}
}
