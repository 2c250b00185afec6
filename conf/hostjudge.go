package conf

import (
	"net/netip"
	"slices"
	"strings"
)

// OnHost says what of the file does not fit the host that it shall run on: the
// interfaces that are missing there, as MissingInterfaces has it, and what is
// doubtful about its addresses and networks. A host changes while a file does
// not, so nothing of it is part of reading the file, and but for interfaces
// and programs that would not run all of it are warnings and notes. It is for tandem check, and for the log of a
// director that starts or reloads; the host is that of conf/host.Read. Of a block
// whose interface is missing that is all: the rest would follow from it. Without
// a host there is nothing to say.
func (f *File) OnHost(h *Host) Diagnostics {
	if h == nil || f.loader == nil {
		return nil
	}
	r := reporter{words: f.loader.words}
	on := newGround(f.loader, h)
	for _, u := range f.config.Interfaces {
		on.use(&r, u)
	}
	for _, in := range f.loader.instances {
		r.within("vrrp_instance "+in.Name, func() { on.instance(&r, in) })
	}
	if on.hasAll(f.config.Interfaces) {
		for _, v := range f.loader.services {
			r.within(v.scope, func() { on.service(&r, v) })
		}
	}
	on.sync(&r, f)
	on.programs(&r, f)
	on.pipes(&r, f)
	found := append(f.config.MissingInterfaces(func(name string) bool { return h.Interface(name) != nil }), r.found...)
	found.Sort()
	return found
}

// ground is a host with a file on it: what floats is not the host's own, and its
// networks are there once the host is master.
type ground struct {
	host    *Host
	virtual map[netip.Addr]bool
	down    map[string]bool // the interfaces of which that has been said
}

// newGround is the host as the file sees it.
func newGround(l *loader, h *Host) ground {
	g := ground{host: &Host{Name: h.Name, Resolve: h.Resolve, Lstat: h.Lstat}, virtual: make(map[netip.Addr]bool), down: make(map[string]bool)}
	networks := make(map[string][]netip.Prefix)
	for _, in := range l.instances {
		for _, a := range in.addresses() {
			g.virtual[a.Prefix.Addr()] = true
			if !a.Prefix.IsSingleIP() {
				networks[in.device(a)] = append(networks[in.device(a)], a.Prefix.Masked())
			}
		}
	}
	for _, own := range h.Interfaces {
		own.Addresses = slices.DeleteFunc(slices.Clone(own.Addresses), func(p netip.Prefix) bool { return g.virtual[p.Addr()] })
		own.Networks = slices.Concat(own.Networks, networks[own.Name])
		g.host.Interfaces = append(g.host.Interfaces, own)
	}
	return g
}

// hasAll tells that the interfaces that addresses and adverts need are here. Where
// one is missing, nobody knows what it would reach: perhaps the file is of another
// host, and only looked at on this one. A tracked interface may come and go.
func (g ground) hasAll(uses []InterfaceUse) bool {
	return !slices.ContainsFunc(uses, func(u InterfaceUse) bool {
		return u.Keyword != "track_interface" && g.host.Interface(u.Name) == nil
	})
}

// use warns of an interface that is there and not up. Of several uses in one
// block the first says it.
func (g ground) use(r *reporter, u InterfaceUse) {
	in := g.host.Interface(u.Name)
	if in == nil || in.Up || g.down[u.By+" "+u.Name] {
		return
	}
	g.down[u.By+" "+u.Name] = true
	r.within(u.By, func() {
		r.warnf(u.Pos, "ip link set "+u.Name+" up", "%s %s is down on this host: %s until it is up", u.Keyword, u.Name, missingEffect(u.Keyword))
	})
}

// sync warns of a sync daemon whose interface has no address: the kernel binds
// its sender to one of it, and to none where there is none (bind_mcastif_addr in
// net/netfilter/ipvs/ip_vs_sync.c).
func (g ground) sync(r *reporter, f *File) {
	d := f.loader.global.sync
	if d == nil || f.config.Sync == nil || d.Group.Is6() {
		return
	}
	if in := g.host.Interface(d.Interface); in != nil && !in.has(4) {
		r.within(d.use.By, func() {
			r.warnf(d.use.Pos, "", "%s %s has no IPv4 address of its own: connections would be sent with a source address of another interface, or none", d.use.Keyword, d.Interface)
		})
	}
}

// has reports whether the interface has an address of a family, 4 or 6.
func (in *Interface) has(family int) bool {
	return slices.ContainsFunc(in.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() == (family == 4) })
}

// linkLocal tells whether the interface has a link-local address of IPv6.
func (in *Interface) linkLocal() bool {
	return slices.ContainsFunc(in.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() })
}

// list names the networks of an interface for a message.
func (in *Interface) list(family int) string {
	const shown = 4
	var names []string
	for _, p := range slices.Concat(in.Addresses, in.Networks) {
		p = p.Masked()
		if name := p.String(); p.Addr().Is4() == (family == 4) && !p.Addr().IsLinkLocalUnicast() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "it has none"
	case len(names) > shown:
		return strings.Join(names[:shown], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
