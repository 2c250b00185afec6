package meaning

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
)

// theirs are the facts of what keepalived says it runs: the data of its VRRP
// process and of its checkers.
func theirs(vrrp, checkers *node) (facts, error) {
	f := facts{}
	for _, n := range []*node{vrrp, checkers} {
		f.globals(&node{kids: n.section("Global definitions")})
	}
	f.theirRouters(vrrp)
	for _, in := range vrrp.section("VRRP Topology") {
		name, ok := strings.CutPrefix(in.text, "VRRP Instance = ")
		if !ok {
			return nil, fmt.Errorf("%q is no instance", in.text)
		}
		if err := f.theirInstance(name, in, vrrp); err != nil {
			return nil, fmt.Errorf("instance %s: %w", name, err)
		}
	}
	for _, g := range vrrp.section("VRRP Sync groups") {
		name, _, _ := strings.Cut(strings.TrimPrefix(g.text, "VRRP Sync Group = "), ", ")
		f.set(strings.Join(g.list("VRRP member instances"), " "), "vrrp_sync_group", name)
	}
	return f, f.topology(checkers)
}

func (f facts) globals(g *node) {
	if id, ok := g.find("Router ID"); ok && id != "[unknown]" { // not set, and the host has no name
		f.set(id, "router_id")
	}
	// keepalived 2.2 calls the one for UDP by the name of the one for TCP.
	var tcp []string
	for _, k := range g.kids {
		if v, ok := strings.CutPrefix(k.text, "LVS TCP timeout = "); ok {
			tcp = append(tcp, v)
		}
	}
	if fin, ok := g.find("LVS TCP FIN timeout"); ok {
		f.set(fin, "lvs_timeouts tcpfin")
	}
	if len(tcp) == 2 {
		f.set(tcp[0], "lvs_timeouts tcp")
		f.set(tcp[1], "lvs_timeouts udp")
	}
	for key, name := range map[string]string{
		"LVS syncd interface": "interface", "LVS syncd syncid": "id", "LVS syncd vrrp instance": "instance", "LVS syncd vrrp name": "instance",
	} {
		if v, ok := g.find(key); ok {
			f.set(v, "lvs_sync_daemon", name)
		}
	}
}

func (f facts) theirInstance(name string, in, vrrp *node) error {
	say := func(value any, key ...any) {
		f.set(value, append([]any{"vrrp_instance", name}, key...)...)
	}
	for key, keyword := range map[string]string{
		"VRRP Version": "version", "Interface": "interface", "Virtual Router ID": "virtual_router_id", "Priority": "priority",
		"Gratuitous ARP delay": "garp_master_delay", "Gratuitous ARP repeat": "garp_master_repeat",
		"Gratuitous ARP refresh": "garp_master_refresh", "Gratuitous ARP refresh repeat": "garp_master_refresh_repeat",
		"Gratuitous ARP lower priority delay": "garp_lower_prio_delay", "Gratuitous ARP lower priority repeat": "garp_lower_prio_repeat",
		"Down timer adverts": "down_timer_adverts", "Send advert after receive higher priority advert": "higher_prio_send_advert",
	} {
		v, ok := in.find(key)
		if !ok {
			return fmt.Errorf("there is no %s", key)
		}
		say(v, keyword)
	}
	var n float64
	var unit string
	if err := cut(in.value("Advert interval"), "%g %s", &n, &unit); err != nil {
		return err
	}
	if unit == "milli-sec" {
		n /= 1000
	}
	say(strconv.FormatFloat(n, 'f', -1, 64), "advert_int")
	say(in.value("Preempt") == "enabled", "preempt")
	delay, _, _ := strings.Cut(in.value("Preempt delay"), " ")
	say(trimNumber(delay), "preempt_delay")
	f.theirManners(name, in, vrrp)
	if in.value("Authentication type") == "SIMPLE_PASSWORD" {
		say(in.value("Password"), "auth_pass")
	}
	if src, ok := strings.CutSuffix(in.value("Using src_ip"), " (from configuration)"); ok {
		say(src, "source")
	}
	var peers []entry
	for _, p := range in.list("Unicast Peer") {
		peer, said, _ := strings.Cut(p, " ")
		if said == "min_ttl 0 max_ttl 255" {
			said = "listed"
		}
		peers = append(peers, entry{peer, cmp.Or(said, "listed")})
	}
	f.list(peers, "vrrp_instance", name, "unicast_peer")
	f.list(theirAddresses(in.list("Virtual IP")), "vrrp_instance", name, "virtual_ipaddress")
	f.list(theirAddresses(in.list("Virtual IP Excluded")), "vrrp_instance", name, "virtual_ipaddress_excluded")
	for _, t := range in.list("Tracked interfaces") {
		dev, rest, _ := strings.Cut(t, " ")
		if rest == "" {
			rest = "weight 0"
		}
		say(rest, "track_interface", dev)
	}
	for key, keyword := range map[string]string{
		"Tracked scripts": "track_script", "Tracked files": "track_file", "Tracked processes": "track_process", "Tracked BFDs": "track_bfd",
	} {
		for _, t := range in.list(key) {
			item, weight, _ := strings.Cut(t, "weight ")
			say("weight "+weight, keyword, strings.TrimRight(item, ",: "))
		}
	}
	return nil
}

// theirRouters are the facts about all instances together.
func (f facts) theirRouters(vrrp *node) {
	g := &node{kids: vrrp.section("Global definitions")}
	for key, keyword := range map[string]string{
		"Gratuitous ARP interval": "vrrp_garp_interval", "Gratuitous NA interval": "vrrp_gna_interval", "vrrp_startup_delay": "vrrp_startup_delay",
	} {
		if v, ok := g.find(key); ok && trimNumber(v) != "0" {
			f.set(trimNumber(v), keyword)
		}
	}
	groups := 0
	for _, k := range vrrp.kids {
		if !strings.HasPrefix(k.text, "------< GARP delay group ") {
			continue
		}
		var interfaces []string
		for _, line := range k.kids {
			if line.text == "Interfaces" {
				for _, name := range line.kids {
					interfaces = append(interfaces, name.text)
				}
			}
		}
		slices.Sort(interfaces)
		f.set(paced(strings.Join(interfaces, " "), trimNumber(k.value("GARP interval")), trimNumber(k.value("GNA interval"))), "garp_group", groups)
		groups++
	}
	for _, in := range vrrp.section("Interfaces") {
		down, up := micros(strings.TrimSuffix(in.value("Down debounce timer"), "us")), micros(strings.TrimSuffix(in.value("Up debounce timer"), "us"))
		name, named := strings.CutPrefix(in.text, "Name = ")
		if named && (down != "0" || up != "0") {
			f.set(down+" "+up, "interface_up_down_delays", name)
		}
	}
}

// theirManners are those of manners.
func (f facts) theirManners(name string, in, vrrp *node) {
	say := func(value any, key string) { f.set(value, "vrrp_instance", name, key) }
	say(in.value("Send advert after receive lower priority advert") == "false", "lower_prio_no_advert")
	say(in.value("Accept") == "disabled", "no_accept")
	if in.has("VRRP interface tracking disabled") {
		say(true, "dont_track_primary")
	}
	if in.value("Authentication type") == "IPSEC_AH" {
		say("AH", "auth_type")
	}
	everywhere := (&node{kids: vrrp.section("Global definitions")}).value("VRRP check unicast_src") == "true"
	for _, k := range in.kids {
		if group, ok := strings.CutPrefix(k.text, "Multicast address "); ok {
			group, _, _ = strings.Cut(group, ",")
			say(group, "mcast_dst_ip")
		}
		if check, ok := strings.CutPrefix(k.text, "Check unicast src : "); ok {
			say(check == "yes" || everywhere, "check_unicast_src")
		}
	}
	if ttl, ok := in.find("Unicast TTL"); ok && !in.has("Using Native IPv6") {
		say(ttl, "unicast_ttl")
	}
	if form := in.value("Unicast checksum compatibility"); form == "config" || form == "never" {
		say(form, "old_unicast_checksum")
	}
}

// scopes by their names in iproute2.
var scopes = map[string]string{"site": "200", "link": "253", "host": "254", "nowhere": "255"}

func theirAddresses(lines []string) []entry {
	var all []entry
	for _, line := range lines {
		addr, _, _ := strings.Cut(line, " ")
		all = append(all, entry{prefixed(addr), theirAddress(line)})
	}
	return all
}

// theirAddress puts the options of an address into our order.
func theirAddress(line string) string {
	words := strings.Fields(line)
	said := map[string]string{}
	for i := 1; i+1 < len(words); i += 2 {
		said[words[i]] = words[i+1]
	}
	out := "dev " + said["dev"]
	if said["brd"] != "" {
		out += " brd " + said["brd"]
	}
	if s := said["scope"]; s != "" && s != "global" {
		if scopes[s] != "" {
			s = scopes[s]
		}
		out += " scope " + s
	}
	if said["label"] != "" {
		out += " label " + said["label"]
	}
	return out
}

// topology reads the services and their checks.
func (f facts) topology(checkers *node) error {
	groups := make(map[string][]string)
	var services []*node
	for _, l := range checkers.section("LVS Topology") {
		switch {
		case strings.HasPrefix(l.text, "Virtual Server Group = "):
			name, _, _ := strings.Cut(strings.TrimPrefix(l.text, "Virtual Server Group = "), ",")
			groups[name] = members(l)
		case strings.HasPrefix(l.text, "VS "):
			services = append(services, l)
		}
	}
	names := make(map[string]string) // as checks call a service -> as we do
	hosts := make(map[string]string) // by service, and by service and real server
	for _, s := range services {
		if err := f.theirService(s, groups, names, hosts); err != nil {
			return fmt.Errorf("service %q: %w", s.text, err)
		}
	}
	return f.theirChecks(checkers.section("Health checkers"), names, hosts)
}

// members are those of a virtual_server_group, ranges one by one.
func members(g *node) []string {
	var all []string
	for _, m := range g.kids {
		what, value, _ := strings.Cut(m.text, " = ")
		addr, port, _ := strings.Cut(value, ", VPORT = ")
		switch what {
		case "VIP":
			all = append(all, join(addr, port))
		case "VIP Range":
			first, last, _ := strings.Cut(addr, "-")
			a, b := netip.MustParseAddr(first), netip.MustParseAddr(last)
			for ; a.Compare(b) <= 0; a = a.Next() {
				all = append(all, join(a.String(), port))
			}
		case "FWMARK":
			all = append(all, "fwmark "+value)
		}
	}
	return all
}

func join(addr, port string) string {
	a, err := netip.ParseAddr(strings.Trim(addr, "[]"))
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil {
		return addr + " " + port
	}
	return netip.AddrPortFrom(a, uint16(n)).String()
}

func (f facts) theirService(s *node, groups map[string][]string, names, hosts map[string]string) error {
	what, value, _ := strings.Cut(strings.TrimPrefix(s.text, "VS "), " = ")
	var keys []string
	var called string
	switch what {
	case "VIP":
		addr, port, _ := strings.Cut(value, ", VPORT = ")
		keys, called = []string{join(addr, port)}, fmt.Sprintf("[%s]:%s:%s", addr, strings.ToLower(s.value("protocol")), port)
	case "FWMARK":
		keys, called = []string{"fwmark " + value}, "FWM "+value
	case "GROUP":
		name := strings.Trim(strings.TrimSuffix(value, ":0"), "[]")
		keys, called = groups[name], value
	}
	if len(keys) == 0 {
		return fmt.Errorf("it has no key")
	}
	name := keys[0]
	names[called] = name
	say := func(value any, key ...any) {
		f.set(value, append([]any{"virtual_server", name}, key...)...)
	}
	if len(keys) > 1 {
		slices.Sort(keys)
		say(strings.Join(keys, ", "), "members")
	}
	if !strings.HasPrefix(name, "fwmark") {
		say(s.value("protocol"), "protocol")
	}
	parts := split(s.kids, "Real server")
	own := &node{kids: parts[0]}
	hosts[name] = own.value("VirtualHost")
	say(own.value("lvs_sched"), "lb_algo")
	if flags := theirFlags(own); flags != 0 {
		say(fmt.Sprintf("%#x", uint32(flags)), "flags")
	}
	if t, ok := own.find("persistence timeout"); ok {
		say(t, "persistence_timeout")
		if g, ok := own.find("persistence granularity"); ok {
			say(prefixLength(g), "persistence_granularity")
		}
	}
	quorum, hysteresis, _ := strings.Cut(own.value("quorum"), ", hysteresis = ")
	say(quorum, "quorum")
	say(hysteresis, "hysteresis")
	say(own.has("omega is ON"), "omega")
	for _, k := range own.kids {
		if sorry, ok := strings.CutPrefix(k.text, "sorry server = "); ok {
			words := strings.Split(strings.TrimPrefix(sorry, "["), "]:")
			_, port, _ := strings.Cut(words[1], ":")
			say(theirMethod(k), "sorry_server", join(words[0], port))
		}
	}
	for _, p := range parts[1:] {
		r := &node{kids: p}
		var rip, port string
		var weight, effective int
		line := strings.NewReplacer(", ", " ", " = ", " ").Replace("RIP = " + r.value("RIP"))
		if err := cut(line, "RIP %s RPORT %s WEIGHT %d EFF WEIGHT %d", &rip, &port, &weight, &effective); err != nil {
			return err
		}
		for _, k := range r.kids { // It is indented below the line before it.
			hosts[name+" "+join(rip, port)] += strings.Trim(k.value("VirtualHost"), "'")
		}
		limits := strings.Replace(r.value("connection limit range"), " -> ", " ", 1)
		say(fmt.Sprintf("weight %d %s limits %s inhibit %v alpha %v", weight, theirMethod(r), limits, r.has("Inhibit on failure is ON"), r.has("Alpha is ON")),
			"real_server", join(rip, port))
	}
	return nil
}

func theirFlags(s *node) ipvs.Flags {
	var flags ipvs.Flags
	for name, bit := range map[string]ipvs.Flags{
		"flag-1": ipvs.Sched1, "flag-2": ipvs.Sched2, "flag-3": ipvs.Sched3,
		"sh-fallback": ipvs.Sched1, "sh-port": ipvs.Sched2, "mh-fallback": ipvs.Sched1, "mh-port": ipvs.Sched2,
		"One packet scheduling": ipvs.OnePacket,
	} {
		if strings.HasPrefix(s.value(name), "enabled") {
			flags |= bit
		}
	}
	return flags
}

// theirMethod is a forwarding method as destination has it.
func theirMethod(n *node) string {
	for _, k := range n.kids {
		v, ok := strings.CutPrefix(k.text, "forwarding method = ")
		if !ok {
			continue
		}
		words := strings.Split(v, ", ")
		if len(words) == 1 {
			return v
		}
		var o ipvs.TunnelOptions
		for _, w := range words[1:] {
			switch {
			case w == "type = GUE":
				o.Type = ipvs.GUE
			case w == "type = GRE":
				o.Type = ipvs.GRE
			case strings.HasPrefix(w, "port = "):
				port, _ := strconv.Atoi(strings.TrimPrefix(w, "port = "))
				o.Port = uint16(port)
			case w == "checksum":
				o.Flags = ipvs.TunnelCsum
			case w == "remote checksum":
				o.Flags = ipvs.TunnelRemcsum
			}
		}
		return destination(ipvs.Destination{Forwarding: ipvs.Tunnel, Tunnel: o})
	}
	return "?"
}

// prefixLength makes a length of a mask.
func prefixLength(mask string) string {
	a, err := netip.ParseAddr(mask)
	if err != nil {
		return mask
	}
	bits := 0
	for _, b := range a.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return strconv.Itoa(bits)
}

func (f facts) theirChecks(checks []*node, names, hosts map[string]string) error {
	number := make(map[string]int)
	for _, c := range checks {
		service, server, ok := strings.Cut(c.text, " -> ")
		addr, rest, ok2 := strings.Cut(strings.TrimPrefix(server, "["), "]:")
		_, port, ok3 := strings.Cut(rest, ":")
		if !ok || !ok2 || !ok3 || names[service] == "" {
			return fmt.Errorf("cannot tell whose check %q is", c.text)
		}
		of := fmt.Sprintf("virtual_server %s real_server %s check", names[service], join(addr, port))
		host := cmp.Or(c.value("Virtualhost"), hosts[names[service]+" "+join(addr, port)], hosts[names[service]])
		f.set(theirCheck(c, host), of, number[of])
		number[of]++
	}
	return nil
}

// theirCheck is a check as check has it; host is the virtual host of a request that
// names none.
func theirCheck(c *node, host string) string {
	kind, _, _ := strings.Cut(c.value("Keepalive method"), ",")
	out := kind
	bind := ""
	for _, k := range c.kids {
		if k.text == "Connection" {
			if dest, ok := k.find("Dest"); ok {
				addr, port, _ := strings.Cut(strings.TrimPrefix(dest, "["), "]:")
				out += " " + join(addr, port)
			}
			if from, ok := k.find("Bind to"); ok {
				bind, _, _ = strings.Cut(strings.TrimPrefix(from, "["), "]:")
			}
			out += " timeout " + trimNumber(k.value("Timeout"))
		}
	}
	after := c.value("Delay before retry")
	if after == "" {
		after = c.value("Default delay before retry")
	}
	out += fmt.Sprintf(" every %s retry %s after %s", micros(c.value("Delay loop")), c.value("Retries"), micros(after))
	if bind != "" {
		out += " from " + bind
	}
	for _, u := range c.kids {
		path, ok := strings.CutPrefix(u.text, "Checked url = ")
		if !ok {
			continue
		}
		out += " url " + path
		if d, ok := u.find("digest"); ok {
			out += " digest " + d
		}
		if h := cmp.Or(u.value("Virtual host"), host); h != "" {
			out += " host " + h
		}
		var codes []healthcheck.StatusSet
		for _, k := range u.kids {
			for _, code := range k.kids {
				from, to, ok := strings.Cut(code.text, "-")
				if !ok {
					to = from
				}
				a, err := strconv.Atoi(from)
				b, err2 := strconv.Atoi(to)
				if err != nil || err2 != nil {
					out += " " + code.text
					continue
				}
				codes = append(codes, healthcheck.StatusSet{From: a, To: b})
			}
		}
		out += statuses(codes)
	}
	return out
}

func micros(text string) string {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, " us"), 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(n/1e6, 'f', -1, 64)
}

func trimNumber(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "0"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
