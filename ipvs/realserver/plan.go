package realserver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Plan returns everything that makes the host what is wished, in order; Done
// marks what is so already. The order leaves no moment at which the host has a
// VIP and speaks of it, nor one at which a tunnel drops what comes out of it. An
// error says why the host cannot become such a real server; nothing may be done
// then.
func Plan(f Facts, w Wish) ([]Step, error) {
	var p planner
	p.facts, p.wish = f, w
	for _, vip := range w.VIPs {
		if l, a, is := f.ownAddress(vip); is {
			return nil, fmt.Errorf("--vip %s: that is this host's own address (%s on %s%s); name the virtual one, which the directors hold",
				vip, a.Prefix, l.Name, onlyOne(l, a))
		}
	}
	if w.Device != "lo" {
		_, exists := f.link(w.Device)
		p.add(Step{Kind: AddLink, Device: w.Device, Type: "dummy", Done: exists, Why: "it carries the VIPs"})
	}
	p.linkUp(w.Device, "it carries the VIPs")
	p.silence()
	if w.Method.tunnels() {
		for _, vip := range w.VIPs {
			p.tunnel(vip)
		}
	}
	if d := f.Director; d.Device != "" && w.Method == DR {
		p.loosen(d.Device)
	}
	for _, vip := range w.VIPs {
		p.address(vip)
	}
	if slices.ContainsFunc(p.steps, func(s Step) bool { return s.Type == "ip6tnl" && !s.Local.IsValid() && !s.Done }) {
		return nil, errors.New("wrapping in IPv6: this host has no IPv6 address to which directors could send")
	}
	return p.steps, nil
}

type planner struct {
	facts Facts
	wish  Wish
	steps []Step
}

// add appends a step that is not in the plan yet.
func (p *planner) add(s Step) {
	if !slices.ContainsFunc(p.steps, s.same) {
		p.steps = append(p.steps, s)
	}
}

func (p *planner) linkUp(device, why string) {
	l, _ := p.facts.link(device)
	if l.Up && device == "lo" {
		return // As good as always.
	}
	p.add(Step{Kind: LinkUp, Device: device, Done: l.Up, Why: why})
}

// silence keeps the host from answering for the IPv4 VIPs.
func (p *planner) silence() {
	if !slices.ContainsFunc(p.wish.VIPs, netip.Addr.Is4) {
		return
	}
	switch p.wish.ARP {
	case Sysctl:
		ignores, announces := silent(p.facts)
		p.add(Step{Kind: Set, Setting: setting("all", "arp_ignore"), Value: 1, Before: p.facts.All.ARPIgnore,
			Done: ignores, Why: "answer ARP only for addresses of the asked interface"})
		p.add(Step{Kind: Set, Setting: setting("all", "arp_announce"), Value: 2, Before: p.facts.All.ARPAnnounce,
			Done: announces, Why: "never name a VIP as the sender of an ARP request"})
	case NFT:
		table := Step{Kind: AddTable, Masks: p.masks(), Why: "drop questions for the VIPs, and hide them in our own"}
		table.Done = p.facts.Table && p.facts.Masks == table.Masks
		p.add(table)
		for _, vip := range p.wish.VIPs {
			if vip.Is4() {
				p.add(Step{Kind: AddElement, Address: host(vip), Why: "the table hides it",
					Done: p.facts.Table && slices.Contains(p.facts.Elements, vip.String())})
			}
		}
	}
}

// silent reports whether the settings do already what 1 and 2 for "all" would,
// on every interface that somebody can ask.
func silent(f Facts) (ignores, announces bool) {
	links := f.neighbourly()
	if len(links) == 0 {
		links = []Link{{}} // What is plugged in later goes by "all".
	}
	ignores, announces = true, true
	for _, l := range links {
		s := f.effective(l)
		ignores = ignores && s.ignores(true)
		announces = announces && s.announces()
	}
	return ignores, announces
}

// masks lists the interfaces with the address that they show instead of a VIP.
func (p *planner) masks() string {
	var words []string
	for _, l := range p.facts.neighbourly() {
		for _, a := range l.Addresses {
			if addr := a.Prefix.Addr(); addr.Is4() && !slices.Contains(p.wish.VIPs, addr) {
				words = append(words, l.Name+"="+addr.String())
				break
			}
		}
	}
	return strings.Join(words, " ")
}

// tunnel makes the host unwrap what directors send for a VIP.
func (p *planner) tunnel(vip netip.Addr) {
	t := p.wish.tunnelOf(vip)
	_, exists := p.facts.link(t.Device)
	s := Step{Kind: AddLink, Device: t.Device, Type: t.Type, Done: exists, Why: "it unwraps what directors send"}
	if t.Local {
		s.Local, _ = p.facts.own(6, p.wish.VIPs)
	}
	p.add(s)
	if vip.Is4() {
		p.admit(t.Device, vip)
	}
	p.linkUp(t.Device, "it unwraps what directors send")
	if p.wish.Method == GUE {
		r := Receiver{Port: p.wish.Port, IP: p.wish.outer(vip), GUE: true}
		p.add(Step{Kind: Receive, Port: r.Port, IP: r.IP, Done: slices.Contains(p.facts.Receivers, r),
			Why: "GUE is unwrapped at a port"})
	}
}

// admit keeps the reverse path filter of a tunnel from dropping what came out
// of it: replies to clients leave by another interface. Of its own value and
// that of "all" the greater counts, and loose (2) is greater than strict (1): so
// the filter of all others stays as it is. Loose takes an address, see admits.
func (p *planner) admit(device string, vip netip.Addr) {
	l, _ := p.facts.link(device)
	filter := p.facts.effective(l).RPFilter
	p.add(Step{Kind: Set, Setting: setting(device, "rp_filter"), Value: 2, Before: l.RPFilter, Done: filter != 1,
		Why: "replies leave by another interface"})
	p.add(Step{Kind: AddAddress, Device: device, Address: host(vip), Host: true, Done: filter == 0 || l.hasIPv4(),
		Why: "without an address even a loose rp_filter lets nothing in"})
}

// loosen does the same for the interface on which directors send unwrapped
// packets, where replies leave by another one.
func (p *planner) loosen(device string) {
	l, _ := p.facts.link(device)
	elsewhere := slices.ContainsFunc(p.facts.Replies, func(r Route) bool { return r.Device != device && r.Problem == "" })
	if elsewhere {
		p.add(Step{Kind: Set, Setting: setting(device, "rp_filter"), Value: 2, Before: l.RPFilter,
			Done: p.facts.effective(l).RPFilter != 1, Why: "replies leave by another interface"})
	}
}

// address puts the VIP on the device, and takes a wider prefix of it away: the
// kernel would believe that all of that subnet is here.
func (p *planner) address(vip netip.Addr) {
	carrier, _ := p.facts.link(p.wish.Device)
	quiet := carrier.Up && slices.ContainsFunc(carrier.Addresses, func(a Address) bool { return a.Prefix == host(vip) })
	p.add(Step{Kind: AddAddress, Device: carrier.Name, Address: host(vip), Host: true, Done: quiet,
		Why: "the host accepts packets for the VIP, and replies have it as source"})
	for _, l := range p.facts.Links {
		for _, a := range l.Addresses {
			if l.Silent && a.Prefix.Addr() == vip && !a.Prefix.IsSingleIP() {
				p.add(Step{Kind: RemoveAddress, Device: l.Name, Address: a.Prefix, Host: a.Host, Broadcast: a.Broadcast, Label: a.Label,
					Why: fmt.Sprintf("all of %s would be taken for addresses of this host", a.Prefix.Masked())})
			}
		}
	}
}

// host is the prefix of an address alone: the kernel makes its route in table
// local, which is all that replies with it as source need.
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func setting(device, name string) string { return "net/ipv4/conf/" + device + "/" + name }
