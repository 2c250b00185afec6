package netfilter

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// callTime bounds each conversation with the kernel. Fifteen thousand rules
// take 3 s on a busy machine.
const callTime = 30 * time.Second

// bufferSize is room for a table of ten thousand rules in one message, and for
// the kernel's echo of it.
const bufferSize = 32 << 20

// dial is a connection that opens a socket for each call and gives up on it
// after callTime.
func (k *Keeper) dial() (*nftables.Conn, error) {
	return nftables.New(nftables.WithNetNSFd(k.opt.NetNS), nftables.WithSockOptions(bound))
}

// bound gives a socket its buffers and its end.
func bound(c *netlink.Conn) error {
	// Without the capability for more the limits of the host hold, which are
	// enough for some hundred rules.
	_ = c.SetReadBuffer(bufferSize)
	_ = c.SetWriteBuffer(bufferSize)
	return c.SetDeadline(time.Now().Add(callTime))
}

// write replaces the table of the family in one transaction: packets meet the
// old rules or the new ones, never none. Deleting it whole takes away what
// somebody else has put in, too.
func (k *Keeper) write(t rules.Table) error {
	c, err := k.dial()
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: rules.TableName, Family: familyOf(t.Family)}
	c.AddTable(table) // so that there is one to delete
	c.DelTable(table)
	c.AddTable(table)
	chains := make([]*nftables.Chain, len(t.Chains))
	for i, ch := range t.Chains { // all of them before the first rule jumps
		chains[i] = c.AddChain(chain(table, ch))
	}
	for i, ch := range t.Chains {
		for _, r := range ch.Rules {
			c.AddRule(&nftables.Rule{Table: table, Chain: chains[i], Exprs: expressions(r, t.Family), UserData: comment(r)})
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("write table %s: %w", name(t.Family), cause(err))
	}
	return nil
}

// cause is the first of the errors that the kernel gave for the parts of a
// transaction: the others mostly follow from it.
func cause(err error) error {
	for {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			err = e.Unwrap()[0]
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err
			}
			err = e.Unwrap()
		default:
			return err
		}
	}
}

// remove deletes the table of the family; that there is none is no error.
func (k *Keeper) remove(f ipvs.Family) error {
	c, err := k.dial()
	if err != nil {
		return err
	}
	c.DelTable(&nftables.Table{Name: rules.TableName, Family: familyOf(f)})
	if err := c.Flush(); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("delete table %s: %w", name(f), cause(err))
	}
	return nil
}

func chain(t *nftables.Table, c rules.Chain) *nftables.Chain {
	ch := &nftables.Chain{Name: c.Name, Table: t}
	if c.Hook != 0 {
		accept := nftables.ChainPolicyAccept
		ch.Type = nftables.ChainType(c.Kind.String())
		ch.Hooknum = nftables.ChainHookRef(nftables.ChainHook(c.Hook - 1))
		ch.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(c.Priority))
		ch.Policy = &accept
	}
	return ch
}

// comment is the comment of a rule as nft stores it: with a closing zero.
func comment(r rules.Rule) []byte {
	if r.Comment == "" {
		return nil
	}
	return userdata.Append(nil, userdata.TypeComment, append([]byte(r.Comment), 0))
}

func familyName(f ipvs.Family) string {
	if f == ipvs.IPv6 {
		return "ip6"
	}
	return "ip"
}
