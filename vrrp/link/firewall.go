package link

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// FirewallTable is the nftables table of family inet that is tandem's own. It is
// there only while an address is kept from accepting packets.
const FirewallTable = "tandem_vrrp"

// firewall drops packets to virtual addresses whose router shall not accept them
// (RFC 9568 section 6.1, Accept_Mode, and section 8.3.1: nor route them). One
// table holds two sets of addresses, and rules that never change; tables of
// others are left alone. The goroutine of Host.Run owns it.
type firewall struct {
	log     *slog.Logger
	held    map[netip.Addr]bool // in the sets, as last written; nil: the table is not there
	changed bool                // somebody wrote to the table since the last look
	cleared bool                // what an earlier run left is gone
}

// widen sees to it that packets to the addresses are dropped before these are
// set. What is there besides them stays for now.
func (f *firewall) widen(want map[netip.Addr]bool) error {
	if f.held != nil && f.changed {
		f.changed = false
		if !f.intact() {
			f.log.Warn("the nftables table of no_accept was changed by someone else and is written anew", "table", FirewallTable)
			f.held = nil
		}
	}
	var more []netip.Addr
	for a := range want {
		if !f.held[a] {
			more = append(more, a)
		}
	}
	if len(more) == 0 {
		return nil
	}
	if f.held == nil {
		return f.rewrite(want)
	}
	return f.update(more, nil)
}

// narrow takes addresses away that are not wanted any more, and the table with
// the last of them. With sweep a table of an earlier run goes too.
func (f *firewall) narrow(want map[netip.Addr]bool, sweep bool) error {
	if len(want) == 0 {
		if f.held == nil && (f.cleared || !sweep) {
			return nil
		}
		if err := removeFirewall(); err != nil {
			return err
		}
		f.held, f.cleared = nil, f.cleared || sweep
		return nil
	}
	var less []netip.Addr
	for a := range f.held {
		if !want[a] {
			less = append(less, a)
		}
	}
	if len(less) == 0 {
		return nil
	}
	return f.update(nil, less)
}

// firewallTable is a copy each time: the library writes into what it is given.
func firewallTable() *nftables.Table {
	return &nftables.Table{Name: FirewallTable, Family: nftables.TableFamilyINet}
}

// The sets of the table.
func firewallSets(t *nftables.Table) (v4, v6 *nftables.Set) {
	return &nftables.Set{Table: t, Name: "vips4", KeyType: nftables.TypeIPAddr},
		&nftables.Set{Table: t, Name: "vips6", KeyType: nftables.TypeIP6Addr}
}

// elements are addresses of one family as a set takes them.
func elements(addrs []netip.Addr, ipv4 bool) (list []nftables.SetElement) {
	for _, a := range addrs {
		if a.Is4() == ipv4 {
			list = append(list, nftables.SetElement{Key: a.AsSlice()})
		}
	}
	return list
}

// update changes the sets in one transaction.
func (f *firewall) update(more, less []netip.Addr) error {
	c, err := nftablesConn()
	if err != nil {
		return err
	}
	v4, v6 := firewallSets(firewallTable())
	for _, s := range []*nftables.Set{v4, v6} {
		ipv4 := s == v4
		if list := elements(more, ipv4); list != nil {
			err = errors.Join(err, c.SetAddElements(s, list))
		}
		if list := elements(less, ipv4); list != nil {
			err = errors.Join(err, c.SetDeleteElements(s, list))
		}
	}
	if err = errors.Join(err, c.Flush()); err != nil {
		f.held = nil // written whole with the next pass
		return fmt.Errorf("change table inet %s: %w", FirewallTable, err)
	}
	for _, a := range more {
		f.held[a] = true
	}
	for _, a := range less {
		delete(f.held, a)
	}
	return nil
}

// rewrite replaces the table in one transaction.
func (f *firewall) rewrite(want map[netip.Addr]bool) error {
	c, err := nftablesConn()
	if err != nil {
		return err
	}
	t := firewallTable()
	c.AddTable(t) // so that there is one to delete
	c.DelTable(t)
	c.AddTable(t)
	var addrs []netip.Addr
	for a := range want {
		addrs = append(addrs, a)
	}
	v4, v6 := firewallSets(t)
	err = errors.Join(c.AddSet(v4, elements(addrs, true)), c.AddSet(v6, elements(addrs, false)))
	for _, hook := range []struct {
		name string
		at   *nftables.ChainHook
	}{{"input", nftables.ChainHookInput}, {"forward", nftables.ChainHookForward}} {
		// Before the usual priority of filters, as keepalived's.
		chain := c.AddChain(&nftables.Chain{
			Name: hook.name, Table: t, Type: nftables.ChainTypeFilter, Hooknum: hook.at,
			Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityFilter - 1),
		})
		for _, r := range firewallRules(v4, v6) {
			c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: r.exprs, UserData: userdata.AppendString(nil, userdata.TypeComment, r.comment)})
		}
	}
	if err = errors.Join(err, c.Flush()); err != nil {
		return fmt.Errorf("write table inet %s, which keeps packets from virtual addresses with no_accept: %w", FirewallTable, err)
	}
	f.held = make(map[netip.Addr]bool, len(want))
	for a := range want {
		f.held[a] = true
	}
	f.changed = false
	return nil
}

type firewallRule struct {
	comment string
	exprs   []expr.Any
}

// firewallRules let neighbour discovery through (RFC 9568 section 6.4.3: never
// dropped because of Accept_Mode) and drop the rest.
func firewallRules(v4, v6 *nftables.Set) []firewallRule {
	family := func(f byte) []expr.Any {
		return []expr.Any{
			&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{f}},
		}
	}
	drop := func(f byte, offset, size uint32, s *nftables.Set) []expr.Any {
		return append(family(f),
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size},
			&expr.Lookup{SourceRegister: 1, SetName: s.Name, SetID: s.ID},
			&expr.Counter{},
			&expr.Verdict{Kind: expr.VerdictDrop})
	}
	discovery := func(kind byte) []expr.Any {
		return append(family(unix.NFPROTO_IPV6),
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_ICMPV6}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Len: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{kind}},
			&expr.Verdict{Kind: expr.VerdictAccept})
	}
	const solicitation, advertisement = 135, 136 // RFC 4861 sections 4.3 and 4.4.
	const comment = "tandem: no_accept, virtual addresses answer nobody"
	return []firewallRule{
		{"tandem: neighbour solicitations are answered all the same", discovery(solicitation)},
		{"tandem: neighbour advertisements are heard all the same", discovery(advertisement)},
		{comment, drop(unix.NFPROTO_IPV4, 16, 4, v4)},
		{comment, drop(unix.NFPROTO_IPV6, 24, 16, v6)},
	}
}

// intact reports whether the table is as it was written: its chains with their
// rules, and the addresses in its sets.
func (f *firewall) intact() bool {
	c, err := nftablesConn()
	if err != nil {
		return true // Nothing is known; a write will say why.
	}
	t := firewallTable()
	v4, v6 := firewallSets(t)
	count := 0
	for _, s := range []*nftables.Set{v4, v6} {
		list, err := c.GetSetElements(s)
		if err != nil {
			return false
		}
		for _, e := range list {
			if a, ok := netip.AddrFromSlice(e.Key); !ok || !f.held[a] {
				return false
			}
		}
		count += len(list)
	}
	want := len(firewallRules(v4, v6))
	for _, name := range []string{"input", "forward"} {
		rules, err := c.GetRules(t, &nftables.Chain{Name: name})
		if err != nil || len(rules) != want || !slices.EqualFunc(rules, firewallRules(v4, v6), func(r *nftables.Rule, w firewallRule) bool {
			comment, _ := userdata.GetString(r.UserData, userdata.TypeComment)
			return comment == w.comment
		}) {
			return false
		}
	}
	return count == len(f.held)
}

// firewallExists says whether the table is there, as far as that can be told.
func firewallExists() bool {
	c, err := nftablesConn()
	if err != nil {
		return false
	}
	t, err := c.ListTableOfFamily(FirewallTable, nftables.TableFamilyINet)
	return err == nil && t != nil
}

// removeFirewall deletes the table; that there is none is no error, nor a kernel
// without nftables.
func removeFirewall() error {
	c, err := nftablesConn()
	if err != nil {
		return err
	}
	c.DelTable(firewallTable())
	err = c.Flush()
	switch {
	case err == nil, errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EAFNOSUPPORT):
		return nil
	}
	return fmt.Errorf("remove table inet %s: %w; it goes with nft delete table inet %s", FirewallTable, err, FirewallTable)
}

// nftablesConn is a connection for one conversation.
func nftablesConn() (*nftables.Conn, error) {
	c, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	return c, nil
}

// firewallConcerned reports whether a notification of nf_tables is about tandem's
// own table: the first attribute of every object is the name of its table.
func firewallConcerned(kind uint16, data []byte) bool {
	const header = 4 // struct nfgenmsg
	if kind>>8 != unix.NFNL_SUBSYS_NFTABLES || kind&0xff == unix.NFT_MSG_NEWGEN || len(data) < header {
		return false
	}
	attrs, err := attributes(data[header:])
	if err != nil {
		return true // To look costs little.
	}
	for _, a := range attrs {
		if a.Attr.Type&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER) == unix.NFTA_TABLE_NAME {
			return unix.ByteSliceToString(a.Value) == FirewallTable
		}
	}
	return false
}
