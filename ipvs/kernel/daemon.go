package kernel

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

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

// request does one command that answers nothing but success or failure.
func (k *Kernel) request(ctx context.Context, cmd uint8, fill func([]byte) []byte) error {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var failure error
	k.conn.seq++
	msg := appendMessage(nil, k.family, 0, k.conn.seq, cmd, version, fill)
	seq := k.conn.seq
	err = k.finish(ctx, msg, func(s uint32, errno unix.Errno) {
		if s == seq {
			failure = translate(cmd, errno)
		}
	})
	if err != nil {
		return err
	}
	return failure
}
