package realserver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// tunnel judges whether something unwraps what directors send.
func (j *judge) tunnel(vip netip.Addr) {
	t := j.wish.tunnelOf(vip)
	switch l, exists := j.facts.link(t.Device); {
	case j.otherTunnel(t, vip):
		j.pass(Tunnel, "a device of type %s is up", t.Type)
	case !exists:
		j.fail(Tunnel, j.upCommand(vip), "nothing unwraps: there is no %s (type %s)", t.Device, t.Type)
	case !l.Up:
		j.fail(Tunnel, fmt.Sprintf("ip link set %s up", t.Device), "nothing unwraps: %s is down", t.Device)
	default:
		j.pass(Tunnel, "%s is up", t.Device)
	}
	if j.wish.Method == GUE {
		j.receiver(vip)
	}
}

// otherTunnel reports a tunnel that somebody made for himself instead. ip6tnl0
// is none for IPv4: see inIP6.
func (j *judge) otherTunnel(t tunnel, vip netip.Addr) bool {
	return slices.ContainsFunc(j.facts.Links, func(l Link) bool {
		return l.Name != t.Device && l.Type == t.Type && l.Up && (l.Name != "ip6tnl0" || vip.Is6())
	})
}

// receiver judges the UDP port of GUE.
func (j *judge) receiver(vip netip.Addr) {
	want := Receiver{Port: j.wish.Port, IP: j.wish.outer(vip), GUE: true}
	if slices.Contains(j.facts.Receivers, want) {
		j.pass(Unwrapping, "GUE is received at UDP port %d", want.Port)
		return
	}
	var others []string
	for _, r := range j.facts.Receivers {
		kind := "FOU"
		if r.GUE {
			kind = "GUE"
		}
		others = append(others, fmt.Sprintf("%s at port %d of IPv%d", kind, r.Port, r.IP))
	}
	instead := "there is no receiver at all"
	if len(others) > 0 {
		instead = "only " + strings.Join(others, ", ")
	}
	add := Step{Kind: Receive, Port: want.Port, IP: want.IP}
	j.fail(Unwrapping, strings.Join(add.fou("add", "gue"), " "), "GUE is not received at UDP port %d of IPv%d: %s", want.Port, want.IP, instead)
}

// reverse judges the reverse path filter where a client's packet comes in: it
// drops what comes in elsewhere than replies to its source would leave.
func (j *judge) reverse(vip netip.Addr) {
	reply, known := j.facts.reply(vip)
	if j.wish.Method.tunnels() {
		t := j.wish.tunnelOf(vip)
		if l, exists := j.facts.link(t.Device); exists {
			j.strict(l, !j.facts.admits(l), "what it unwraps comes from clients, and their replies leave elsewhere")
		}
		return
	}
	if !known || reply.Problem != "" {
		return // The return route says more.
	}
	for _, l := range j.facts.neighbourly() {
		strict := l.Name != reply.Device && !j.facts.admits(l)
		switch {
		case l.Name == j.facts.Director.Device:
			j.strict(l, strict, "directors send clients' packets there, and replies leave by "+reply.Device)
		case strict && j.facts.Director.Device == "":
			j.warn(RPFilter, loose(l), "%s drops packets of clients (rp_filter strict): that matters if directors send there; --from says", l.Name)
		}
	}
}

func (j *judge) strict(l Link, strict bool, why string) {
	switch {
	case !strict:
		j.pass(RPFilter, "the reverse path filter of %s lets clients' packets in", l.Name)
	case j.facts.effective(l).RPFilter == 2:
		j.fail(RPFilter, fmt.Sprintf("ip address add %s/32 dev %s scope host", j.anyIPv4(), l.Name),
			"the reverse path filter of %s is loose, but drops everything while %s has no IPv4 address", l.Name, l.Name)
	default:
		fix := loose(l)
		if !l.hasIPv4() {
			fix += fmt.Sprintf("; ip address add %s/32 dev %s scope host", j.anyIPv4(), l.Name)
		}
		j.fail(RPFilter, fix, "the reverse path filter of %s is strict: %s, so they are dropped", l.Name, why)
	}
}

// anyIPv4 is a VIP that a tunnel may have as its address.
func (j *judge) anyIPv4() netip.Addr {
	i := slices.IndexFunc(j.wish.VIPs, netip.Addr.Is4)
	return j.wish.VIPs[max(i, 0)]
}

// loose is the command that makes a filter loose: the greater of the
// interface's value and that of "all" counts, and 2 is greater than 1.
func loose(l Link) string { return "sysctl -w " + dotted(setting(l.Name, "rp_filter")) + "=2" }

// route judges the way of replies.
func (j *judge) route(vip netip.Addr) {
	r, known := j.facts.reply(vip)
	switch {
	case !known:
	case r.Problem != "":
		j.fail(ReturnRoute, "give this host a default route that does not lead to the director", "no route for replies from %s to %s: %s", vip, r.To, r.Problem)
	case r.Gateway.IsValid() && (r.Gateway == j.wish.From || slices.Contains(j.wish.VIPs, r.Gateway)):
		j.fail(ReturnRoute, "use the router as gateway", "replies from %s go to the director %s, which drops packets from its own VIP", vip, r.Gateway)
	default:
		j.pass(ReturnRoute, "replies from %s %s", vip, r.way())
	}
}

// way describes a route.
func (r Route) way() string {
	if r.Gateway.IsValid() {
		return fmt.Sprintf("leave by %s through %s", r.Device, r.Gateway)
	}
	return fmt.Sprintf("leave by %s, without a router", r.Device)
}

// usualMTU is what clients' networks carry at most, as a rule.
const usualMTU = 1500

// mtu judges whether packets still fit once they are wrapped. Replies go
// unwrapped, so it is clients who must send less: by what this host says in the
// MSS of its SYN+ACK, unless they hear the directors' ICMP. What lacks is said
// once for all VIPs.
func (j *judge) mtu() {
	var texts, rules []string
	room := 0
	for _, vip := range j.wish.VIPs {
		t := j.wish.tunnelOf(vip)
		path, name := j.pathMTU(vip)
		if path == 0 || j.fits(vip, t, path, name) {
			continue
		}
		room = max(room, usualMTU+t.Overhead)
		text := fmt.Sprintf("clients' packets of %d bytes are %d when wrapped, %s carries %d", usualMTU, usualMTU+t.Overhead, name, path)
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		rules = append(rules, clampRules(vip, segment(vip, t, path)))
	}
	if len(texts) > 0 {
		fix := fmt.Sprintf("an MTU of %d between directors and here, or: nft 'add table inet realserver_mss; %s'", room, strings.Join(rules, "; "))
		j.warn(PathMTU, fix, "%s: uploads hang where ICMP is filtered", strings.Join(texts, "; "))
	}
}

// fits reports that clients send no more than fits, and says why.
func (j *judge) fits(vip netip.Addr, t tunnel, path int, name string) bool {
	mss := segment(vip, t, path)
	if path >= usualMTU+t.Overhead {
		j.pass(PathMTU, "%s carries %d bytes: clients' %d and %d of wrapping", name, path, usualMTU, t.Overhead)
		return true
	}
	if r, ok := j.facts.reply(vip); ok && r.AdvMSS > 0 && r.AdvMSS <= mss {
		j.pass(PathMTU, "the route of replies tells clients an MSS of %d", r.AdvMSS)
		return true
	}
	for _, c := range j.facts.Clamps {
		if c.Size > 0 && c.Size <= mss && (!c.Source.IsValid() || c.Source.Contains(vip)) {
			j.pass(PathMTU, "%s tells clients an MSS of %d", c.By, c.Size)
			return true
		}
	}
	return false
}

// segment is the largest TCP segment to a VIP that fits when it is wrapped.
func segment(vip netip.Addr, t tunnel, path int) int {
	headers := 20 + 20
	if vip.Is6() {
		headers = 40 + 20
	}
	return path - t.Overhead - headers
}

// clampRules tells clients of a VIP a segment size. Each VIP has a chain of its
// own, which is flushed: the same may be said twice, and other VIPs later.
func clampRules(vip netip.Addr, mss int) string {
	ip := "ip"
	if vip.Is6() {
		ip = "ip6"
	}
	chain := "inet realserver_mss vip_" + strings.NewReplacer(".", "_", ":", "_").Replace(vip.String())
	return fmt.Sprintf("add chain %[1]s { type filter hook output priority 0; }; flush chain %[1]s; add rule %[1]s %[2]s saddr %[3]s tcp flags syn tcp option maxseg size set %[4]d",
		chain, ip, vip, mss)
}

// pathMTU is the MTU of the interface towards the director, as far as known.
func (j *judge) pathMTU(vip netip.Addr) (mtu int, name string) {
	name = j.facts.Director.Device
	if name == "" {
		r, _ := j.facts.reply(vip)
		name = r.Device
	}
	l, _ := j.facts.link(name)
	return l.MTU, name
}
