package conf

import (
	"net/netip"
)

// node is the service as it is, with its real servers.
func (v *service) node() Node {
	n := Node{Keyword: "virtual_server", Braced: true, Block: serviceBlock.show(v, v.met), Pos: v.pos}
	switch {
	case v.group.Text != "":
		n.Values = []any{"group", v.group.Text}
	case v.byMark:
		n.Values = []any{"fwmark", int(v.Key.FWMark)}
	default:
		n.Values = addrValues(v.Key.Addr)
	}
	return n
}

// addrValues are an address and a port, where there is one.
func addrValues(a netip.AddrPort) []any {
	if a.Port() == 0 {
		return []any{a.Addr()}
	}
	return []any{a.Addr(), int(a.Port())}
}

// showProtocol is the protocol, also of a group of whose members with an address
// none is left: one above has them.
func (v *service) showProtocol() []Node {
	if v.protocol == 0 {
		return nil
	}
	return statement("protocol", v.protocol.String())
}

// showFamily is the family where an address does not say it: that of a firewall
// mark is a guess without it.
func (v *service) showFamily() []Node {
	if !v.byMark && v.group.Text == "" {
		return nil
	}
	for name, f := range families {
		if f == v.Key.Family {
			return statement("ip_family", name)
		}
	}
	return nil
}
