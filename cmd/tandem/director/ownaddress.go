package director

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/host"
)

// lookInterval is how often the host's own addresses are compared with those
// that the rules were made for.
const lookInterval = 10 * time.Second

// leaveInterval is how long after a reload what only the old configuration
// needed goes: its services have left IPVS by then.
const leaveInterval = 2 * time.Second

// look makes the rules anew: an address that this host has since is perhaps
// one of the real servers. Equal rules are no work.
func (d *Director) look() {
	d.mu.Lock()
	config, b := d.config, d.balance
	d.mu.Unlock()
	if b != nil {
		b.rest(config, conf.Config{})
	}
}

// ownAddresses are the addresses of this host, in order, without the virtual
// ones, which both directors have in turn: those that tandem has set, be it for a
// configuration that it has left, and those of this one, whoever set them.
func ownAddresses(c conf.Config) ([]netip.Addr, error) {
	own, err := host.Own()
	if err != nil {
		return nil, err
	}
	floating := virtual(c.VRRP)
	return slices.DeleteFunc(own, func(a netip.Addr) bool { return slices.Contains(floating, a) }), nil
}
