package netfilter

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// batch is a transaction of nf_tables: the kernel takes all of its messages or
// none (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch).
//
// Only its last message asks for an answer. The library asks for one, and for
// an echo, of each rule, which takes longer than everything else together, and
// does not stop asking when the socket has given up.
type batch struct {
	family   ipvs.Family
	table    string
	messages []netlink.Message
	err      error // the first of encoding
}

func newBatch(f ipvs.Family, table string) *batch {
	b := &batch{family: f, table: table}
	b.mark(unix.NFNL_MSG_BATCH_BEGIN)
	return b
}

// mark adds a message that begins or ends a batch of nf_tables.
func (b *batch) mark(kind netlink.HeaderType) {
	b.messages = append(b.messages, netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request},
		Data:   binary.BigEndian.AppendUint16([]byte{unix.AF_UNSPEC, unix.NFNETLINK_V0}, unix.NFNL_SUBSYS_NFTABLES),
	})
}

// add adds a message about the table. The name of the table is the first
// attribute type of all of them.
func (b *batch) add(kind int, flags netlink.HeaderFlags, attrs ...netlink.Attribute) {
	data := b.encode(append([]netlink.Attribute{{Type: unix.NFTA_TABLE_NAME, Data: zeroed(b.table)}}, attrs...))
	b.messages = append(b.messages, netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind), Flags: netlink.Request | flags},
		Data:   append([]byte{byte(familyOf(b.family)), unix.NFNETLINK_V0, 0, 0}, data...), // struct nfgenmsg
	})
}

func (b *batch) addTable()    { b.add(unix.NFT_MSG_NEWTABLE, netlink.Create) }
func (b *batch) deleteTable() { b.add(unix.NFT_MSG_DELTABLE, 0) }

func (b *batch) addChain(c rules.Chain) {
	attrs := []netlink.Attribute{{Type: unix.NFTA_CHAIN_NAME, Data: zeroed(c.Name)}}
	if c.Hook != 0 {
		const accept = 1 // NF_ACCEPT
		hook := b.encode([]netlink.Attribute{
			{Type: unix.NFTA_HOOK_HOOKNUM, Data: number(uint32(c.Hook - 1))},
			{Type: unix.NFTA_HOOK_PRIORITY, Data: number(uint32(int32(c.Priority)))},
		})
		attrs = append(attrs,
			netlink.Attribute{Type: unix.NLA_F_NESTED | unix.NFTA_CHAIN_HOOK, Data: hook},
			netlink.Attribute{Type: unix.NFTA_CHAIN_POLICY, Data: number(accept)},
			netlink.Attribute{Type: unix.NFTA_CHAIN_TYPE, Data: zeroed(c.Kind.String())})
	}
	b.add(unix.NFT_MSG_NEWCHAIN, netlink.Create, attrs...)
}

// addRule appends a rule to a chain.
func (b *batch) addRule(chain string, r rules.Rule) {
	var list []netlink.Attribute
	for _, e := range expressions(r, b.family) {
		data, err := expr.Marshal(byte(familyOf(b.family)), e)
		b.note(err)
		list = append(list, netlink.Attribute{Type: unix.NLA_F_NESTED | unix.NFTA_LIST_ELEM, Data: data})
	}
	attrs := []netlink.Attribute{
		{Type: unix.NFTA_RULE_CHAIN, Data: zeroed(chain)},
		{Type: unix.NLA_F_NESTED | unix.NFTA_RULE_EXPRESSIONS, Data: b.encode(list)},
	}
	if r.Comment != "" { // stored as nft stores it: with a closing zero
		attrs = append(attrs, netlink.Attribute{Type: unix.NFTA_RULE_USERDATA,
			Data: userdata.Append(nil, userdata.TypeComment, zeroed(r.Comment))})
	}
	b.add(unix.NFT_MSG_NEWRULE, netlink.Create|netlink.Append, attrs...)
}

// fill adds chains with their rules, all of the chains before the first rule
// jumps to one.
func (b *batch) fill(ctx context.Context, chains []rules.Chain) {
	for _, c := range chains {
		b.addChain(c)
	}
	for _, c := range chains {
		for _, r := range c.Rules {
			if ctx.Err() != nil || b.err != nil {
				b.note(ctx.Err())
				return
			}
			b.addRule(c.Name, r)
		}
	}
}

// commit makes the kernel do all of it. The error is that of the first message
// that the kernel refused.
func (b *batch) commit(c *netlink.Conn) error {
	last := len(b.messages) - 1
	b.messages[last].Header.Flags |= netlink.Acknowledge
	b.mark(unix.NFNL_MSG_BATCH_END)
	return b.send(c)
}

// try asks the kernel whether it would do all of it, as nft --check does: a
// batch without an end is looked at and undone.
func (b *batch) try(c *netlink.Conn) error {
	b.messages[len(b.messages)-1].Header.Flags |= netlink.Acknowledge
	return b.send(c)
}

func (b *batch) send(c *netlink.Conn) error {
	if b.err != nil {
		return b.err
	}
	if _, err := c.SendMessages(b.messages); err != nil {
		return err
	}
	// The first answer is an error or, after the commit, that of the last
	// message.
	_, err := c.Receive()
	return err
}

func (b *batch) encode(attrs []netlink.Attribute) []byte {
	data, err := netlink.MarshalAttributes(attrs)
	b.note(err)
	return data
}

// note keeps the first error of encoding.
func (b *batch) note(err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("encode: %w", err)
	}
}

// zeroed is a string as the kernel takes it.
func zeroed(s string) []byte { return append([]byte(s), 0) }

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
