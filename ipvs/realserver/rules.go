package realserver

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// readRules reads what the kernel's nftables do about ARP and MSS.
func (f *Facts) readRules() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	return errors.Join(f.readARPRules(c), f.readClamps(c))
}

// lacking reports that the kernel has no nftables, or none of a family.
func lacking(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)
}

// Hooks of the arp family (NF_ARP_IN and NF_ARP_OUT in uapi/linux/netfilter_arp.h).
const (
	arpIn  = 0
	arpOut = 1
)

func (f *Facts) readARPRules(c *nftables.Conn) error {
	chains, err := c.ListChainsOfTableFamily(nftables.TableFamilyARP)
	if lacking(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list arp chains: %w", err)
	}
	for _, chain := range chains {
		if chain.Hooknum == nil {
			continue // Nothing passes by itself.
		}
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			return fmt.Errorf("list arp rules: %w", err)
		}
		by := "nft table arp " + chain.Table.Name
		if chain.Table.Name == "filter" {
			by = "arptables (nft table arp filter)"
		}
		out := *chain.Hooknum == arpOut
		if !out && *chain.Hooknum != arpIn {
			continue
		}
		elements := func(set string) []netip.Addr { return elements(c, chain.Table, set) }
		for _, rule := range rules {
			targets, device, ok := readFilter(rule.Exprs, out, elements)
			if !ok {
				continue
			}
			for _, target := range targets {
				f.Filters = append(f.Filters, Filter{By: by, Target: target, Out: out, Device: device})
			}
		}
		if chain.Table.Name == tableName {
			f.readOwn(c, chain, rules)
		}
	}
	return nil
}

// readOwn reads back what AddTable and AddElement wrote.
func (f *Facts) readOwn(c *nftables.Conn, chain *nftables.Chain, rules []*nftables.Rule) {
	f.Table = true
	if *chain.Hooknum != arpOut {
		for _, a := range elements(c, chain.Table, setName) {
			f.Elements = append(f.Elements, a.String())
		}
		return
	}
	for _, rule := range rules {
		_, device, ok := readFilter(rule.Exprs, true, func(string) []netip.Addr { return nil })
		if !ok || device == "" {
			continue
		}
		for _, e := range rule.Exprs {
			if as, is := e.(*expr.Immediate); is && len(as.Data) == 4 {
				if f.Masks != "" {
					f.Masks += " "
				}
				f.Masks += device + "=" + netip.AddrFrom4([4]byte(as.Data)).String()
			}
		}
	}
}

// elements reads a set of IPv4 addresses.
func elements(c *nftables.Conn, t *nftables.Table, name string) []netip.Addr {
	set, err := c.GetSetByName(t, name)
	if err != nil {
		return nil
	}
	list, err := c.GetSetElements(set)
	if err != nil {
		return nil
	}
	var addrs []netip.Addr
	for _, e := range list {
		if len(e.Key) == 4 && !e.IntervalEnd {
			addrs = append(addrs, netip.AddrFrom4([4]byte(e.Key)))
		}
	}
	return addrs
}

// readClamps reads the rules that lower the MSS of what this host sends.
func (f *Facts) readClamps(c *nftables.Conn) error {
	for _, family := range []nftables.TableFamily{nftables.TableFamilyINet, nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		chains, err := c.ListChainsOfTableFamily(family)
		if lacking(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list chains: %w", err)
		}
		for _, chain := range chains {
			if chain.Hooknum == nil || (*chain.Hooknum != *nftables.ChainHookOutput && *chain.Hooknum != *nftables.ChainHookPostrouting) {
				continue
			}
			rules, err := c.GetRules(chain.Table, chain)
			if err != nil {
				return fmt.Errorf("list rules: %w", err)
			}
			for _, rule := range rules {
				if size, source, ok := readClamp(rule.Exprs); ok {
					f.Clamps = append(f.Clamps, Clamp{By: "nft table " + chain.Table.Name, Size: size, Source: source})
				}
			}
		}
	}
	return nil
}

// addTable writes the table whose text is Step.table, in one transaction.
func addTable(masks []mask) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	t := c.AddTable(&nftables.Table{Family: nftables.TableFamilyARP, Name: tableName})
	c.FlushTable(t)
	set := &nftables.Set{Table: t, Name: setName, KeyType: nftables.TypeIPAddr}
	if err := c.AddSet(set, nil); err != nil {
		return err
	}
	chain := func(name string, hook uint32) *nftables.Chain {
		return c.AddChain(&nftables.Chain{
			Table: t, Name: name, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookRef(nftables.ChainHook(hook)), Priority: nftables.ChainPriorityFilter,
		})
	}
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	c.AddRule(&nftables.Rule{Table: t, Chain: chain("input", arpIn), Exprs: []expr.Any{
		arpField(arpOperation, 2), &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0, 1}},
		arpField(arpTarget, 4), &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID}, drop,
	}})
	output := chain("output", arpOut)
	ours := []expr.Any{arpField(arpSender, 4), &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID}}
	for _, m := range masks {
		device := make([]byte, unix.IFNAMSIZ)
		copy(device, m.Device)
		exprs := append([]expr.Any{
			&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: device},
		}, ours...)
		c.AddRule(&nftables.Rule{Table: t, Chain: output, Exprs: append(exprs,
			&expr.Immediate{Register: 1, Data: m.As.AsSlice()},
			&expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: arpSender, Len: 4})})
	}
	c.AddRule(&nftables.Rule{Table: t, Chain: output, Exprs: append(ours, drop)})
	return c.Flush()
}

func arpField(offset, length uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: length}
}

// delTable deletes the table.
func delTable() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	c.DelTable(&nftables.Table{Family: nftables.TableFamilyARP, Name: tableName})
	return c.Flush()
}

// setElement adds or deletes a VIP of the table's set.
func setElement(a netip.Addr, add bool) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	set, err := c.GetSetByName(&nftables.Table{Family: nftables.TableFamilyARP, Name: tableName}, setName)
	if err != nil {
		return err
	}
	edit := c.SetDeleteElements
	if add {
		edit = c.SetAddElements
	}
	if err := edit(set, []nftables.SetElement{{Key: a.AsSlice()}}); err != nil {
		return err
	}
	return c.Flush()
}
