package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/vishvananda/netlink"
)

// build makes every host, from the switches outwards.
func (l *Lab) build(ctx context.Context) error {
	steps := []func() error{
		l.buildDir, l.buildSwitches, l.buildRouter, l.buildClient, l.buildWitness, l.buildServers,
		func() error { return l.buildDirector(A) },
		func() error { return l.buildDirector(B) },
	}
	for _, step := range steps {
		if err := errors.Join(ctx.Err(), step()); err != nil {
			return err
		}
	}
	l.log.Info("lab built", "mode", l.plan.Mode, "vips", l.plan.VIPs, "dir", l.dir)
	return nil
}

func (l *Lab) buildDir() (err error) {
	if l.dir != "" {
		return os.MkdirAll(l.dir, 0o755)
	}
	l.dir, err = os.MkdirTemp("", "tandem-lab-")
	l.ownsDir = err == nil
	return err
}

// buildSwitches makes the two bridges.
func (l *Lab) buildSwitches() (err error) {
	if l.switches, err = newHost("switches"); err != nil {
		return err
	}
	err = l.switches.sysctls([]sysctl{
		// Switches have no addresses, and where the machine filters bridged
		// packets, these are not among them.
		{"net.ipv6.conf.default.disable_ipv6", "1", true},
		{"net.bridge.bridge-nf-call-iptables", "0", true},
		{"net.bridge.bridge-nf-call-ip6tables", "0", true},
	})
	if err != nil {
		return err
	}
	for _, side := range []Side{Outside, Inside} {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = side.String()
		// Without a querier a snooping bridge stops forwarding adverts.
		snooping := false
		if err := l.switches.handle.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}); err != nil {
			return fmt.Errorf("make the %s bridge: %w", side, err)
		}
		if err := l.switches.linkUp(attrs.Name); err != nil {
			return err
		}
	}
	return nil
}

// connect makes a link between two hosts and gives the second one's end its
// addresses.
func connect(from *Host, port string, bridge int, to *Host, link string, leg Leg, bits int) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = port
	attrs.MasterIndex = bridge
	err := from.handle.LinkAdd(&netlink.Veth{
		LinkAttrs:        attrs,
		PeerName:         link,
		PeerHardwareAddr: leg.MAC,
		PeerNamespace:    netlink.NsFd(to.ns.fd),
	})
	if err != nil {
		return fmt.Errorf("link %s to %s: %w", to.Name, port, err)
	}
	if err := from.linkUp(port); err != nil {
		return err
	}
	if err := to.addLeg(link, leg, bits); err != nil {
		return err
	}
	return to.linkUp(link)
}

// plug connects a host to a switch, at the port that is its name's.
func (l *Lab) plug(h *Host, side Side, leg Leg) error {
	bridge, err := l.switches.handle.LinkByName(side.String())
	if err != nil {
		return fmt.Errorf("find the %s bridge: %w", side, err)
	}
	return connect(l.switches, portName(h.Name, side), bridge.Attrs().Index, h, side.String(), leg, insideNet.Bits())
}

// portName is the switch's interface to a host, such as "a-outside".
func portName(host string, side Side) string { return host + "-" + side.String() }

// plugBoth connects a host to both switches.
func (l *Lab) plugBoth(h *Host, legs DirectorLegs) error {
	return errors.Join(l.plug(h, Outside, legs.Outside), l.plug(h, Inside, legs.Inside))
}

func (l *Lab) buildRouter() (err error) {
	if l.router, err = newHost("router"); err != nil {
		return err
	}
	if err := l.router.sysctls(forwarding); err != nil {
		return err
	}
	return l.plugBoth(l.router, DirectorLegs{l.plan.RouterOutside, l.plan.RouterInside})
}

// forwarding makes a host route. IPv6 is optional here as everywhere.
var forwarding = []sysctl{
	{"net.ipv4.ip_forward", "1", false},
	{"net.ipv6.conf.all.forwarding", "1", true},
}

func (l *Lab) buildClient() (err error) {
	if l.client, err = newHost("client"); err != nil {
		return err
	}
	p := l.plan
	if err := connect(l.router, ClientLink, 0, l.client, ClientLink, p.Client, p.ClientNet.Bits()); err != nil {
		return err
	}
	if err := l.router.addLeg(ClientLink, p.RouterClient, p.ClientNet.Bits()); err != nil {
		return err
	}
	if err := l.client.addDefaultRoutes(p.RouterClient); err != nil {
		return err
	}
	return l.buildCrowd()
}

func (l *Lab) buildWitness() (err error) {
	if l.witness, err = newHost("witness"); err != nil {
		return err
	}
	return l.plugBoth(l.witness, l.plan.Witness)
}

func (l *Lab) buildServers() error {
	for i, leg := range l.plan.Servers {
		s, err := newHost("s" + strconv.Itoa(i+1))
		if err != nil {
			return err
		}
		l.servers = append(l.servers, s)
		if err := l.plug(s, Inside, leg); err != nil {
			return err
		}
		if err := l.prepareServer(s, i); err != nil {
			return err
		}
	}
	return nil
}

// buildDirector makes a director's host, at the start and at every Revive.
func (l *Lab) buildDirector(d Director) error {
	h, err := newHost(d.String())
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.directors[d-1] = h
	l.mu.Unlock()
	settings := []sysctl{{"net.ipv4.ip_forward", "1", false}}
	if l.plan.Mode == All {
		settings = untuned
	}
	if err := h.sysctls(settings); err != nil {
		return err
	}
	if err := l.plugBoth(h, l.plan.Legs(d)); err != nil {
		return err
	}
	return h.addDefaultRoutes(l.plan.RouterOutside)
}

// untuned are the kernel's defaults, whatever the machine's own settings are.
var untuned = []sysctl{
	{"net.ipv4.ip_forward", "0", false},
	{"net.ipv6.conf.all.forwarding", "0", true},
	{"net.ipv4.conf.all.send_redirects", "1", false},
	{"net.ipv4.conf.default.send_redirects", "1", false},
}
