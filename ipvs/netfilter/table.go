package netfilter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// callTime bounds each conversation with the kernel, which ends earlier with
// its context. Fifteen thousand rules take 3 s on a busy machine.
const callTime = 30 * time.Second

// bufferSize is room for a table of ten thousand rules in one message.
const bufferSize = 32 << 20

// talk has a conversation with nf_tables that ends with ctx. What the kernel
// does with a batch that it has been given cannot be cut short: fifteen
// thousand rules take it a fifth of a second.
func (k *Keeper) talk(ctx context.Context, conversation func(*netlink.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: k.opt.NetNS})
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	defer c.Close()
	// Without the capability for more the limits of the host hold, which are
	// enough for some hundred rules.
	_ = c.SetReadBuffer(bufferSize)
	_ = c.SetWriteBuffer(bufferSize)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err = conversation(c)
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err() // which is why the socket gave up
	}
	return err
}

// write replaces the table of the family in one transaction: packets meet the
// old rules or the new ones, never none. Deleting it whole takes away what
// somebody else has put in, too.
func (k *Keeper) write(ctx context.Context, t rules.Table) error {
	b := newBatch(t.Family, rules.TableName)
	b.addTable() // so that there is one to delete
	b.deleteTable()
	b.addTable()
	b.fill(ctx, t.Chains)
	if err := k.talk(ctx, b.commit); err != nil {
		return fmt.Errorf("write table %s: %w", name(t.Family), err)
	}
	return nil
}

// remove deletes the table of the family, which is one small message whatever
// is in it; that there is none is no error.
func (k *Keeper) remove(ctx context.Context, f ipvs.Family) error {
	b := newBatch(f, rules.TableName)
	b.deleteTable()
	if err := k.talk(ctx, b.commit); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("delete table %s: %w", name(f), err)
	}
	return nil
}

func familyName(f ipvs.Family) string {
	if f == ipvs.IPv6 {
		return "ip6"
	}
	return "ip"
}
