package netfilter

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// register is where an expression leaves a value for the next one
// (NFT_REG_1); second is for the far end of a range. Both hold an IPv6
// address.
const (
	register uint32 = unix.NFT_REG_1
	second   uint32 = unix.NFT_REG_2
)

// header says where the addresses are in the header of a family.
type header struct{ source, destination, length uint32 }

func headerOf(f ipvs.Family) header {
	if f == ipvs.IPv6 {
		return header{8, 24, 16}
	}
	return header{12, 16, 4}
}

func familyOf(f ipvs.Family) nftables.TableFamily {
	if f == ipvs.IPv6 {
		return nftables.TableFamilyIPv6
	}
	return nftables.TableFamilyIPv4
}

// expressions are a rule as the kernel takes it, in the order in which
// rules.Rule.Text writes it.
func expressions(r rules.Rule, family ipvs.Family) []expr.Any {
	list := condition(r.When, family)
	list = append(list, &expr.Counter{})
	return append(list, action(r.Then, family)...)
}

func condition(c rules.Condition, family ipvs.Family) (list []expr.Any) {
	h := headerOf(family)
	add := func(e ...expr.Any) { list = append(list, e...) }
	if c.Link != 0 {
		add(meta(expr.MetaKeyIIFTYPE), equal(binaryutil.NativeEndian.PutUint16(uint16(c.Link))))
	}
	if c.Sender.IsValid() {
		add(load(expr.PayloadBaseLLHeader, 6, 6), equal(c.Hardware[:])) // source of the frame
	}
	if c.Protocol != 0 {
		add(meta(expr.MetaKeyL4PROTO), equal([]byte{byte(c.Protocol)}))
	}
	if c.NotProtocol != 0 {
		add(meta(expr.MetaKeyL4PROTO), differs([]byte{c.NotProtocol}))
	}
	if c.Original.IsValid() {
		add(&expr.Ct{Register: register, Key: expr.CtKeyDST}, equal(c.Original.AsSlice()))
	}
	if c.OriginalPort != 0 {
		add(&expr.Ct{Register: register, Key: expr.CtKeyPROTODST}, equal(port(c.OriginalPort)))
	}
	if c.Mark != 0 {
		add(meta(expr.MetaKeyMARK), equal(binaryutil.NativeEndian.PutUint32(c.Mark)))
	}
	if c.To.First.IsValid() {
		add(load(expr.PayloadBaseNetworkHeader, h.destination, h.length), within(c.To.First.AsSlice(), c.To.Last.AsSlice()))
	}
	if c.NotTo.IsValid() {
		add(load(expr.PayloadBaseNetworkHeader, h.destination, h.length), differs(c.NotTo.AsSlice()))
	}
	if c.Ports != (rules.Ports{}) {
		add(load(expr.PayloadBaseTransportHeader, 2, 2), within(port(c.Ports.First), port(c.Ports.Last)))
	}
	if c.Opens {
		const syn, ack = 0x02, 0x10 // of the flags in byte 13
		add(load(expr.PayloadBaseTransportHeader, 13, 1),
			&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 1, Mask: []byte{syn | ack}, Xor: []byte{0}},
			equal([]byte{syn}))
	}
	if c.Again {
		add(meta(expr.MetaKeyPRIORITY), equal(binaryutil.NativeEndian.PutUint32(rules.AgainPriority())))
	}
	if c.Share.Of != 0 {
		add(load(expr.PayloadBaseNetworkHeader, h.source, h.length),
			&expr.Hash{SourceRegister: register, DestRegister: register, Length: h.length,
				Modulus: c.Share.Of, Seed: rules.ShareSeed, Type: expr.HashTypeJenkins},
			equal(binaryutil.NativeEndian.PutUint32(c.Share.Nth)))
	}
	return list
}

func action(a rules.Action, family ipvs.Family) []expr.Any {
	switch a.Verb {
	case rules.Jump:
		return []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: a.Chain}}
	case rules.SNAT:
		return translate(expr.NATTypeSourceNAT, a.To, family)
	case rules.DNAT:
		return translate(expr.NATTypeDestNAT, a.To, family)
	case rules.SetMark:
		return set(expr.MetaKeyMARK, a.Mark)
	case rules.SetAgain:
		return set(expr.MetaKeyPRIORITY, rules.AgainPriority())
	}
	return []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}
}

// translate writes both ends of the range always, as the kernel tells them
// back. With more than one address a client keeps the one it was given.
func translate(kind expr.NATType, to rules.Range, family ipvs.Family) []expr.Any {
	list := []expr.Any{immediate(register, to.First)}
	nat := &expr.NAT{Type: kind, Family: uint32(familyOf(family)), RegAddrMin: register, RegAddrMax: register}
	if to.First != to.Last {
		list = append(list, immediate(second, to.Last))
		nat.RegAddrMax, nat.Persistent = second, true
	}
	return append(list, nat)
}

func immediate(register uint32, a netip.Addr) expr.Any {
	return &expr.Immediate{Register: register, Data: a.AsSlice()}
}

func set(key expr.MetaKey, value uint32) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: register, Data: binaryutil.NativeEndian.PutUint32(value)},
		&expr.Meta{Key: key, SourceRegister: true, Register: register},
	}
}

func meta(key expr.MetaKey) expr.Any { return &expr.Meta{Key: key, Register: register} }

func load(base expr.PayloadBase, offset, length uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: base, Offset: offset, Len: length}
}

func equal(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data}
}

func differs(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: data}
}

// within is a comparison with both ends in network order, or with one value.
func within(first, last []byte) expr.Any {
	if string(first) == string(last) {
		return equal(first)
	}
	return &expr.Range{Op: expr.CmpOpEq, Register: register, FromData: first, ToData: last}
}

func port(p uint16) []byte { return binary.BigEndian.AppendUint16(nil, p) }
