package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Check is the health check of the HTTP service's real servers.
type Check int

// The health checks.
const (
	HTTPGet Check = iota
	TCPCheck
)

// String returns the keyword of the check.
func (c Check) String() string { return name([]string{"HTTP_GET", "TCP_CHECK"}, int(c)) }

// ConfigOptions are the choices in a director's configuration. The zero value
// is VRRPv3 by multicast, advert_int 1, preempting, with HTTP_GET every second
// and connection synchronisation.
type ConfigOptions struct {
	AdvertInt time.Duration // 0 means 1 s; VRRPv2 knows whole seconds only.
	Version   int           // 2 or 3, 0 means 3.
	Unicast   bool          // Adverts to the peer's address instead of multicast.
	Password  string        // auth_type PASS, VRRPv2 only.
	NoPreempt bool

	// ActiveActive makes one instance per VIP, each director preferred for one
	// of them; otherwise one instance holds all VIPs.
	ActiveActive bool

	NoSync bool // Without lvs_sync_daemon.

	Check     Check
	DelayLoop time.Duration // Between checks, 0 means 1 s.
	Scheduler string        // Empty means "rr".
	Weights   []int         // Of the real servers in order, 1 where absent.

	Global string // More lines for global_defs, as they are.
	Extra  string // More blocks at the end, as they are.
}

// The priorities of the preferred director and of its peer.
const (
	preferred = 150
	standby   = 100
)

// The virtual router ids; VIP n of an active-active pair has vridOutside+n.
const (
	vridOutside = 51
	vridInside  = 61
)

// withDefaults fills in what the zero value means.
func (o ConfigOptions) withDefaults() ConfigOptions {
	if o.AdvertInt == 0 {
		o.AdvertInt = time.Second
	}
	if o.Version == 0 {
		o.Version = 3
	}
	if o.DelayLoop == 0 {
		o.DelayLoop = time.Second
	}
	if o.Scheduler == "" {
		o.Scheduler = "rr"
	}
	return o
}

// validate refuses what no director could run.
func (o ConfigOptions) validate(p Plan) error {
	switch {
	case o.Version != 2 && o.Version != 3:
		return fmt.Errorf("there is no VRRP version %d", o.Version)
	case o.Version == 2 && o.AdvertInt%time.Second != 0:
		// RFC 3768 section 5.3.7: the interval is a number of seconds.
		return fmt.Errorf("an interval of %s is not possible in VRRP version 2", o.AdvertInt)
	case o.Password != "" && o.Version != 2:
		return errors.New("only VRRP version 2 has passwords")
	case o.ActiveActive && p.hasGateway():
		return errors.New("real servers have one default gateway, so NAT cannot be active-active")
	}
	return nil
}

// priority of a director for the VIP with this index.
func (o ConfigOptions) priority(d Director, vip int) int {
	if (d == A) != (o.ActiveActive && vip%2 == 1) {
		return preferred
	}
	return standby
}

// Skew returns the skew time of a director's first VIP: RFC 9568 section 6.1,
// and for version 2 RFC 3768 section 6.1.
func (p Plan) Skew(d Director, o ConfigOptions) time.Duration {
	o = o.withDefaults()
	unit := o.AdvertInt
	if o.Version == 2 {
		unit = time.Second
	}
	return time.Duration(256-o.priority(d, 0)) * unit / 256
}

// MasterDown returns the VRRP bound for these options at a director:
// 3 × advert_int + skew, for its first VIP.
func (p Plan) MasterDown(d Director, o ConfigOptions) time.Duration {
	return 3*o.withDefaults().AdvertInt + p.Skew(d, o)
}

// Config renders the keepalived.conf of a director: text that keepalived 2.2.7
// accepts, and therefore tandem. A has priority 150 and B 100 (crossed for the
// second VIP of an active-active pair); both start as BACKUP. In NAT mode the
// VIPs outside and the gateway inside are two instances in one sync group; in
// the other modes the instance tracks the inside link. Addresses of IPv6 float
// with those of IPv4. In mode All there is no service but those of Extra.
func (p Plan) Config(d Director, o ConfigOptions) (string, error) {
	o = o.withDefaults()
	if err := o.validate(p); err != nil {
		return "", fmt.Errorf("write the configuration of director %s: %w", d, err)
	}
	var w confWriter
	instances := p.instances(o)
	p.writeGlobal(&w, d, o, instances)
	for _, in := range instances {
		p.writeInstance(&w, d, o, in)
	}
	for _, vip := range slices.Concat(p.VIPs, p.VIPs6) {
		if p.Mode == All {
			break
		}
		p.writeService(&w, o, vip, HTTPPort, o.Check)
		p.writeService(&w, o, vip, EchoPort, TCPCheck)
	}
	w.text(o.Extra)
	return w.String(), nil
}

// instance is one vrrp_instance of the plan.
type instance struct {
	name  string
	vrid  int
	side  Side
	index int // Of its first VIP, for the priority.
	vips  []netip.Addr
	vips6 []netip.Addr // Those that float with them.
	track bool         // The other link too.
}

// instances returns what a director votes for.
func (p Plan) instances(o ConfigOptions) []instance {
	switch {
	case p.hasGateway():
		gateway := instance{name: "gateway", vrid: vridInside, side: Inside, vips: []netip.Addr{p.Gateway}}
		if p.Gateway6.IsValid() {
			gateway.vips6 = []netip.Addr{p.Gateway6}
		}
		return []instance{{name: "vip", vrid: vridOutside, side: Outside, vips: p.VIPs, vips6: p.VIPs6}, gateway}
	case o.ActiveActive:
		var all []instance
		for i, vip := range p.VIPs {
			all = append(all, instance{
				name: "vip" + strconv.Itoa(i+1), vrid: vridOutside + i, side: Outside,
				index: i, vips: []netip.Addr{vip}, vips6: p.vip6(i), track: true,
			})
		}
		return all
	default:
		return []instance{{name: "vip", vrid: vridOutside, side: Outside, vips: p.VIPs, vips6: p.VIPs6, track: true}}
	}
}

// hasGateway says that real servers route by an address that floats.
func (p Plan) hasGateway() bool { return p.Mode == NAT || p.Mode == All }
