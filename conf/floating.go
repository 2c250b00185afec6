package conf

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// floating knows which instance every virtual address moves with.
type floating struct {
	holder map[netip.Addr]*instance
	group  map[*instance][]*instance // those that are master together with it, itself too; nil: it alone
	edges  map[netip.Addr]string     // network and broadcast addresses of virtual ones, with what they are
}

func newFloating(instances []*instance, groups []vrrp.Group) floating {
	f := floating{holder: make(map[netip.Addr]*instance), group: make(map[*instance][]*instance), edges: make(map[netip.Addr]string)}
	byName := make(map[string]*instance)
	for _, in := range instances {
		byName[in.Name] = in
		for _, a := range in.addresses() {
			f.holder[a.Prefix.Addr()] = in
			for _, edge := range []netip.Addr{a.Prefix.Masked().Addr(), lastAddr(a.Prefix)} {
				if why := edgeOf(netip.PrefixFrom(edge, a.Prefix.Bits())); why != "" {
					f.edges[edge] = why
				}
			}
		}
	}
	for _, g := range groups {
		members := make([]*instance, len(g.Members))
		for i, name := range g.Members {
			members[i] = byName[name]
			f.group[members[i]] = members
		}
	}
	return f
}

// addresses are all that the instance moves.
func (in *instance) addresses() []vrrp.Address { return slices.Concat(in.Addresses, in.Excluded) }

// together tells whether two instances are master on one director always.
func (f floating) together(a, b *instance) bool {
	// An instance is in one group only, so that its first member tells it.
	with, other := f.group[a], f.group[b]
	return a == b || with != nil && other != nil && with[0] == other[0]
}

// moving are the addresses that move with an instance, its own first.
func (f floating) moving(in *instance) iter.Seq2[*instance, vrrp.Address] {
	return func(yield func(*instance, vrrp.Address) bool) {
		for _, a := range in.addresses() {
			if !yield(in, a) {
				return
			}
		}
		for _, other := range f.group[in] {
			if other == in {
				continue
			}
			for _, a := range other.addresses() {
				if !yield(other, a) {
					return
				}
			}
		}
	}
}

// holders are the instances of the addresses that a service is reached at.
func (f floating) holders(v *service) []*instance {
	var all []*instance
	for _, a := range v.addresses() {
		if in := f.holder[a]; in != nil && !slices.Contains(all, in) {
			all = append(all, in)
		}
	}
	return all
}

// network finds the interface behind which an address is, by the prefix lengths
// of the addresses that move with an instance. An address of the instance's
// own interface says the same as none.
func (f floating) network(in *instance, a netip.Addr) string {
	for other, va := range f.moving(in) {
		if va.Prefix.IsSingleIP() || !va.Prefix.Masked().Contains(a) {
			continue
		}
		if dev := other.device(va); dev != in.Interface {
			return dev
		}
		return ""
	}
	return ""
}

// device is the interface that an address of the instance is set on.
func (in *instance) device(a vrrp.Address) string {
	if a.Dev != "" {
		return a.Dev
	}
	return in.Interface
}

// addresses are those that clients of the service know; of a firewall mark
// only mark_match tells them.
func (v *service) addresses() []netip.Addr {
	var all []netip.Addr
	seen := make(map[netip.Addr]bool)
	add := func(a netip.Addr) {
		if a.IsValid() && !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	for _, k := range v.keys() {
		add(k.Addr.Addr())
	}
	for _, m := range v.matches {
		add(m.Addr)
	}
	return all
}

// served are the addresses that no pool can have, each with what it is: those
// of the directors, real servers and virtual servers. It reads the services as
// they are written: repairing one that is ignored must not cost another one its
// pool.
func (l *loader) served() map[netip.Addr]string {
	what := make(map[netip.Addr]string)
	if !slices.ContainsFunc(l.services, func(v *service) bool { return len(v.pool.ranges) > 0 }) {
		return what // as in most configurations
	}
	for _, in := range l.instances {
		for _, a := range append(in.Peers[:len(in.Peers):len(in.Peers)], in.Source) {
			what[a] = "a director's own address"
		}
	}
	for _, v := range l.services {
		for _, r := range v.servers {
			what[r.Addr.Addr()] = "a real server"
		}
		if v.Sorry != nil {
			what[v.Sorry.Addr.Addr()] = "a sorry server"
		}
		for _, a := range v.addresses() {
			what[a] = "the address of a virtual server"
		}
		for _, g := range l.serverGroups {
			for _, k := range g.members {
				if a := k.Addr.Addr(); g.name == v.group.Text && a.IsValid() {
					what[a] = "the address of a virtual server"
				}
			}
		}
	}
	return what
}
