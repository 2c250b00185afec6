package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// PowerLoss takes a director away as a cut cable and a dead power supply would:
// links first, so that no dying process says good-bye, then its processes and
// its namespace with every table in it.
func (l *Lab) PowerLoss(d Director) error {
	if err := validDirector(d); err != nil {
		return err
	}
	l.log.Info("power loss", "director", d)
	h := l.Director(d)
	errs := []error{l.setPort(h.Name, Outside, false), l.setPort(h.Name, Inside, false), h.killAll()}
	for _, side := range []Side{Outside, Inside} {
		// Removing one end of the cable removes both at once; the kernel cleans
		// a namespace up some time after its end, too late for Revive.
		port, err := l.switches.handle.LinkByName(portName(h.Name, side))
		if err == nil {
			err = l.switches.handle.LinkDel(port)
		}
		errs = append(errs, err)
	}
	errs = append(errs, h.close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take director %s away: %w", d, err)
	}
	return nil
}

// Revive gives a director a fresh host on the same switch ports, with the same
// addresses and empty kernel tables. It starts no process.
func (l *Lab) Revive(ctx context.Context, d Director) error {
	if err := validDirector(d); err != nil {
		return err
	}
	l.log.Info("revive", "director", d)
	if err := errors.Join(ctx.Err(), l.buildDirector(d)); err != nil {
		return fmt.Errorf("revive director %s: %w", d, err)
	}
	l.mu.Lock()
	parted := l.parted
	l.mu.Unlock()
	if parted {
		return l.part(d, true)
	}
	return nil
}

// LinkDown takes a director's link down at the switch: the director loses
// carrier.
func (l *Lab) LinkDown(d Director, s Side) error { return l.setDirectorPort(d, s, false) }

// LinkUp brings a director's link back.
func (l *Lab) LinkUp(d Director, s Side) error { return l.setDirectorPort(d, s, true) }

func (l *Lab) setDirectorPort(d Director, s Side, up bool) error {
	if err := validDirector(d); err != nil {
		return err
	}
	l.log.Info("link", "director", d, "side", s, "up", up)
	return l.setPort(d.String(), s, up)
}

// ServerDown takes a real server's link down at the switch: the host is gone.
// (A dead process on a live host is made by closing the server's listener.)
func (l *Lab) ServerDown(i int) error { return l.setServerPort(i, false) }

// ServerUp brings a real server's link back.
func (l *Lab) ServerUp(i int) error { return l.setServerPort(i, true) }

func (l *Lab) setServerPort(i int, up bool) error {
	l.log.Info("link", "server", l.servers[i].Name, "up", up)
	return l.setPort(l.servers[i].Name, Inside, up)
}

// setPort switches a port of the switches.
func (l *Lab) setPort(host string, s Side, up bool) error {
	port, err := l.switches.handle.LinkByName(portName(host, s))
	if err == nil && up {
		err = l.switches.handle.LinkSetUp(port)
	} else if err == nil {
		err = l.switches.handle.LinkSetDown(port)
	}
	if err != nil {
		return fmt.Errorf("switch port %s: %w", portName(host, s), err)
	}
	return nil
}

// Partition drops VRRP (protocol 112, and 51 where it is signed), and nothing else, between the directors
// on both links and in both directions; false heals.
func (l *Lab) Partition(on bool) error {
	l.mu.Lock()
	before := l.parted
	l.parted = on
	l.mu.Unlock()
	if before == on {
		return nil
	}
	l.log.Info("partition", "on", on)
	return errors.Join(l.part(A, on), l.part(B, on))
}

// part drops, or drops no longer, what a director says in VRRP at the switch
// ports where it comes in: adverts are for nobody but its peer.
func (l *Lab) part(d Director, on bool) error {
	for _, side := range []Side{Outside, Inside} {
		if err := l.filterPort(portName(d.String(), side), on); err != nil {
			return fmt.Errorf("filter VRRP of director %s %s: %w", d, side, err)
		}
	}
	return nil
}

// filterPort drops VRRP that comes in at a port, by traffic control (tc-u32(8)):
// nothing else filters a bridge in every kernel the lab runs on.
func (l *Lab) filterPort(name string, on bool) error {
	port, err := l.switches.handle.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil // A director without power says nothing; Revive filters.
	}
	if err != nil {
		return err
	}
	ingress := &netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: port.Attrs().Index,
		Handle:    netlink.MakeHandle(0xffff, 0),
		Parent:    netlink.HANDLE_INGRESS,
	}}
	if !on {
		return l.switches.handle.QdiscDel(ingress) // Its filters go with it.
	}
	if err := l.switches.handle.QdiscAdd(ingress); err != nil {
		return fmt.Errorf("add the ingress discipline: %w", err)
	}
	for i, m := range advertMatches() {
		err := l.switches.handle.FilterAdd(&netlink.U32{
			FilterAttrs: netlink.FilterAttrs{
				LinkIndex: port.Attrs().Index,
				Parent:    ingress.Handle,
				Priority:  uint16(i + 1),
				Protocol:  m.etherType,
			},
			Sel:     selector(m.key),
			Actions: []netlink.Action{&netlink.GenericAction{ActionAttrs: netlink.ActionAttrs{Action: netlink.TC_ACT_SHOT}}},
		})
		if err != nil {
			return fmt.Errorf("add the filter: %w", err)
		}
	}
	return nil
}
