package conf

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// defaults is what global_defs says of all instances, each of which may say
// otherwise.
type defaults struct {
	version     vrrp.Version
	announce    announceDefaults
	manners     vrrp.Manners
	group4      netip.Addr // of adverts; zero: 224.0.0.18
	group6      netip.Addr // zero: ff02::12
	checkSource bool
	messageOnly bool // v3_checksum_as_v2
	strict      bool
	lifetime    vrrp.Lifetime
}

// instance is an instance of which nothing is known but the defaults.
func (d defaults) instance() instance {
	in := instance{Instance: defaultInstance, strict: d.strict, messageOnly: d.messageOnly, checkSource: d.checkSource}
	in.Version, in.Announce, in.Manners, in.Lifetime = d.version, d.announce.settle(), d.manners, d.lifetime
	return in
}

// group is where adverts of a family go; zero: where they do by themselves.
func (d defaults) group(family int) netip.Addr {
	if family == 6 {
		return d.group6
	}
	return d.group4
}

// The groups of VRRP (RFC 9568 sections 5.1.1.2 and 5.1.2.2).
var (
	vrrpGroup4 = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	vrrpGroup6 = netip.MustParseAddr("ff02::12")
)

// announceDefaults are the times of announcements as far as global_defs says
// them; nil: it does not.
type announceDefaults struct {
	repeat, refreshRepeat, lowerRepeat *int
	delay, refresh, lowerDelay         *time.Duration

	once     bool // vrrp_min_garp: each address once and never again, where nothing else is said
	extra    time.Duration
	extraAll bool
}

// settle fills in what is not said. After an advert of a lower master it is what
// it is after becoming one.
func (a announceDefaults) settle() vrrp.Announce {
	all := vrrp.DefaultAnnounce
	if a.once {
		all = vrrp.Announce{Repeat: 1, RefreshRepeat: 1}
	}
	set(&all.Repeat, a.repeat)
	set(&all.Delay, a.delay)
	set(&all.Refresh, a.refresh)
	set(&all.RefreshRepeat, a.refreshRepeat)
	all.LowerRepeat, all.LowerDelay = all.Repeat, all.Delay
	set(&all.LowerRepeat, a.lowerRepeat)
	set(&all.LowerDelay, a.lowerDelay)
	all.Extra, all.ExtraAll = a.extra, a.extraAll
	return all
}

// downAdverts is how many adverts must be missing until the master is down.
func downAdverts(m vrrp.Manners) int { return cmp.Or(m.DownAdverts, defaultDownAdverts) }

// defaultDownAdverts is the factor of RFC 9568 section 6.1.
const defaultDownAdverts = 3
