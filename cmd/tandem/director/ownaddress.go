package director

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf"
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
// ones, which both directors have in turn.
func ownAddresses(c conf.Config) ([]netip.Addr, error) {
	_, virtual := interests(c.VRRP)
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of this host: %w", err)
	}
	var own []netip.Addr
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		if ip = ip.Unmap(); ok && !slices.Contains(virtual, ip) {
			own = append(own, ip)
		}
	}
	slices.SortFunc(own, netip.Addr.Compare)
	return slices.Compact(own), nil
}
