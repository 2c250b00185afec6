package kernel

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// Daemons are the sync daemons that run, master first.
func (k *Kernel) Daemons(ctx context.Context) ([]ipvs.Daemon, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var daemons []ipvs.Daemon
	err = k.dump(ctx, cmdGetDaemon, nil, func(body []byte) error {
		d, err := parseDaemon(body)
		daemons = append(daemons, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sync daemons: %w", err)
	}
	slices.SortFunc(daemons, func(a, b ipvs.Daemon) int { return cmp.Compare(a.Role, b.Role) })
	return daemons, nil
}

// StartDaemon starts a sync daemon; ipvs.ErrExist when one of its role runs.
func (k *Kernel) StartDaemon(ctx context.Context, d ipvs.Daemon) error {
	if err := k.daemon(ctx, cmdNewDaemon, d); err != nil {
		return fmt.Errorf("start the %s sync daemon on %s: %w", d.Role, d.Interface, err)
	}
	return nil
}

// StopDaemon stops the sync daemon of d's role; ipvs.ErrNotExist when none
// runs. What a master has not sent yet is lost. A daemon that is stopped
// before it first ran is stopped without an answer: read them back to be
// sure.
func (k *Kernel) StopDaemon(ctx context.Context, d ipvs.Daemon) error {
	if err := k.daemon(ctx, cmdDelDaemon, d); err != nil {
		return fmt.Errorf("stop the %s sync daemon: %w", d.Role, err)
	}
	return nil
}

func (k *Kernel) daemon(ctx context.Context, cmd uint8, d ipvs.Daemon) error {
	return k.request(ctx, cmd, func(b []byte) []byte {
		return appendNest(b, attrDaemon, func(b []byte) []byte { return appendDaemon(b, d) })
	})
}

// appendDaemon appends a sync daemon.
func appendDaemon(b []byte, d ipvs.Daemon) []byte {
	b = appendU32(b, daemonState, uint32(d.Role))
	b = appendText(b, daemonInterface, d.Interface)
	b = appendU32(b, daemonSyncID, uint32(d.SyncID))
	if d.MaxLen != 0 {
		b = appendU16(b, daemonMaxLen, d.MaxLen)
	}
	switch {
	case d.Group.Is4():
		b = appendAttr(b, daemonGroup, d.Group.AsSlice()...)
	case d.Group.Is6():
		b = appendAttr(b, daemonGroup6, d.Group.AsSlice()...)
	}
	if d.Port != 0 {
		b = appendU16(b, daemonPort, d.Port)
	}
	if d.TTL != 0 {
		b = appendAttr(b, daemonTTL, d.TTL)
	}
	return b
}

// parseDaemon reads one message of a daemon dump.
func parseDaemon(body []byte) (d ipvs.Daemon, err error) {
	content, err := nested(body, attrDaemon)
	if err != nil {
		return d, err
	}
	for t, v := range attributes(content, &err) {
		switch t {
		case daemonState:
			d.Role = ipvs.Role(v.u32())
		case daemonInterface:
			d.Interface = v.text()
		case daemonSyncID:
			d.SyncID = uint8(v.u32())
		case daemonMaxLen:
			d.MaxLen = v.u16()
		case daemonGroup:
			if len(v) >= 4 {
				d.Group = netip.AddrFrom4([4]byte(v[:4]))
			}
		case daemonGroup6:
			if len(v) >= 16 {
				d.Group = netip.AddrFrom16([16]byte(v[:16]))
			}
		case daemonPort:
			d.Port = v.u16()
		case daemonTTL:
			d.TTL = v.u8()
		}
	}
	return d, err
}
