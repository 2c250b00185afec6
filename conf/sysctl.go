package conf

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// knob is a kernel setting that lvs_sysctl knows.
type knob struct {
	name     string
	path     string // below /proc/sys; empty: net/ipv4/vs/ and the name
	from, to int
	meaning  string
}

// knobs are those of net.ipv4.vs with the values that make sense to the kernel
// (vs_vars in net/netfilter/ipvs/ip_vs_ctl.c), which itself takes any number
// for most of them, and the settings of the host that NAT hangs on.
var knobs = []knob{
	{name: "conn_reuse_mode", to: 3, meaning: "how a client that reuses a port is balanced: 0 as before, 1 anew once the old connection is closed, 2 already while it closes"},
	{name: "expire_nodest_conn", to: 1, meaning: "1 ends connections to a server that was removed, 0 lets them wait for its return"},
	{name: "expire_quiescent_template", to: 1, meaning: "1 lets persistent clients of a server of weight 0 go to others"},
	{name: "sloppy_tcp", to: 1, meaning: "1 lets any packet of TCP create a connection, not only the first one"},
	{name: "sloppy_sctp", to: 1, meaning: "the same for SCTP"},
	{name: "conntrack", to: 1, meaning: "1 lets netfilter track the connections of IPVS, as FULLNAT needs"},
	{name: "nat_icmp_send", to: 1, meaning: "1 answers a packet of a real server without a connection with an ICMP error"},
	{name: "snat_reroute", to: 1, meaning: "1 routes the replies of NAT as the director's own packets"},
	{name: "pmtu_disc", to: 1, meaning: "0 fragments what is too large for a tunnel, 1 tells the sender"},
	{name: "cache_bypass", to: 1, meaning: "1 sends packets on where a transparent cache has no server"},
	{name: "schedule_icmp", to: 1, meaning: "1 balances ICMP errors without a connection, for anycast"},
	{name: "ignore_tunneled", to: 1, meaning: "1 leaves protocols alone that IPVS does not know"},
	{name: "backup_only", to: 1, meaning: "1 forwards nothing while the backup sync daemon runs"},
	{name: "drop_entry", to: 3, meaning: "drop half-open connections: 0 never, 1 and 2 when memory is short (the kernel turns one into the other), 3 always"},
	{name: "drop_packet", to: 3, meaning: "drop packets: 0 never, 1 and 2 when memory is short (the kernel turns one into the other), 3 one in am_droprate always"},
	{name: "secure_tcp", to: 3, meaning: "stricter states and shorter timeouts of TCP: 0 never, 1 and 2 when memory is short (the kernel turns one into the other), 3 always"},
	{name: "am_droprate", from: 1, to: math.MaxInt32, meaning: "one packet in so many is dropped by drop_packet 3"},
	{name: "amemthresh", to: math.MaxInt32, meaning: "memory is short below so many free pages"},
	{name: "lblc_expiration", to: maxTicks, meaning: "seconds that the scheduler lblc remembers an address"},
	{name: "lblcr_expiration", to: maxTicks, meaning: "seconds that the scheduler lblcr remembers an address"},
	{name: "run_estimation", to: 1, meaning: "0 stops the rates of ipvsadm -L --rate"},
	{name: "est_nice", from: -20, to: 19, meaning: "niceness of the threads that compute the rates"},
	{name: "est_cpulist", meaning: "processors that compute the rates: 0-3,8"},
	{name: "debug_level", to: 12, meaning: "how much IPVS writes into the kernel's log"},
	{name: "sync_qlen_max", to: math.MaxInt32, meaning: "messages that wait to be sent"},
	{name: "sync_persist_mode", to: 1, meaning: "1 synchronises only the templates of persistent services"},
	{name: "sync_version", to: 1, meaning: "0 is the protocol before Linux 2.6.39, without IPv6, marks and timeouts"},

	// These are Config.Sync's.
	{name: "sync_ports", from: 1, to: 64, meaning: "UDP ports and threads of connection synchronisation, a power of two, the same on both directors"},
	{name: "sync_threshold", to: math.MaxInt32, meaning: "packets of a connection before its first message, and between messages"},
	{name: "sync_refresh_period", to: maxTicks, meaning: "seconds between messages of a live connection"},
	{name: "sync_retries", to: 3, meaning: "repetitions of a message"},
	{name: "sync_sock_size", to: math.MaxInt32, meaning: "bytes of the buffer of the sync sockets"},

	// And these are the host's, which tandem sets by itself where NAT needs it.
	{name: "ip_forward", path: "net/ipv4/ip_forward", to: 1, meaning: "1 forwards IPv4, as NAT needs"},
	{name: "ipv6_forwarding", path: "net/ipv6/conf/all/forwarding", to: 1, meaning: "1 forwards IPv6, as NAT needs"},
	{name: "send_redirects", path: "net/ipv4/conf/all/send_redirects", to: 1, meaning: "0 keeps from telling real servers a way around the director"},
}

// maxTicks is the longest time in seconds that the kernel takes where it counts
// in ticks, at 1000 of them a second (proc_dointvec_jiffies in kernel/sysctl.c).
const maxTicks = math.MaxInt32 / 1000

// leave is the value of a setting that tandem shall not touch.
const leave = "leave"

// file is the path of the setting below /proc/sys.
func (k knob) file() string {
	if k.path != "" {
		return k.path
	}
	return "net/ipv4/vs/" + k.name
}

// value reads a value and spells it as the kernel prints it; want says what it
// can be where this one cannot.
func (k knob) value(text string) (value, want string) {
	automatic := k.path != ""
	n, ok := whole(text, k.from, k.to)
	switch {
	case k.name == "est_cpulist":
		value, ok = cpuList(text)
		want = "it takes processors, such as 0-3,8"
	case automatic && text == leave:
		return leave, ""
	case automatic:
		value, want = strconv.Itoa(n), "it takes 0, 1 or leave"
	case k.name == "sync_ports":
		value, want = strconv.Itoa(n), "it takes 1, 2, 4, 8, 16, 32 or 64"
		ok = ok && n&(n-1) == 0
	default:
		value, want = strconv.Itoa(n), fmt.Sprintf("it takes a number from %d to %d", k.from, k.to)
	}
	if !ok {
		return "", want
	}
	return value, ""
}

// maxCPUs is how many processors a kernel can have (NR_CPUS at its largest).
const maxCPUs = 8192

// cpuList reads a list of processors and prints it as the kernel does: sorted,
// neighbours as a range.
func cpuList(text string) (string, bool) {
	var on [maxCPUs]bool
	for part := range strings.SplitSeq(text, ",") {
		from, to, dash := strings.Cut(part, "-")
		if !dash {
			to = from
		}
		first, ok1 := whole(from, 0, maxCPUs-1)
		last, ok2 := whole(to, first, maxCPUs-1)
		if !ok1 || !ok2 {
			return "", text == ""
		}
		for i := first; i <= last; i++ {
			on[i] = true
		}
	}
	var parts []string
	for i := 0; i < maxCPUs; i++ {
		if !on[i] {
			continue
		}
		first := i
		for i+1 < maxCPUs && on[i+1] {
			i++
		}
		if part := strconv.Itoa(first); first == i {
			parts = append(parts, part)
		} else {
			parts = append(parts, part+"-"+strconv.Itoa(i))
		}
	}
	return strings.Join(parts, ","), true
}

// setting is a kernel setting as the file has it.
type setting struct {
	value string
	pos   syntax.Pos
}

// readSysctls reads lvs_sysctl: NAME VALUE a line.
func (g *globals) readSysctls(l *loader, s *syntax.Statement) {
	l.within(s.Keyword(), func() {
		for _, e := range l.entries(s) {
			name := e.Keyword()
			i := slices.IndexFunc(knobs, func(k knob) bool { return k.name == name })
			switch {
			case i < 0:
				l.errorf(e.Pos, suggestKnob(name), "there is no setting %s: it is ignored", quote(name))
			case len(e.Args()) == 0:
				l.errorf(e.Pos, knobs[i].meaning, "%s lacks a value", name)
			default:
				g.readSysctl(l, e, knobs[i])
			}
		}
	})
}

// readSysctl reads one of them. Those of connection synchronisation are the
// same as the keywords lvs_sync_*.
func (g *globals) readSysctl(l *loader, e *syntax.Statement, k knob) {
	used := 1
	switch k.name {
	case "sync_threshold":
		used = 2
		g.setThreshold(l, e)
	case "sync_refresh_period", "sync_retries", "sync_sock_size":
		g.setSyncNumber(l, e)
	default:
		value, ok := k.take(l, e.Words[1])
		switch {
		case !ok:
			return
		case k.name == "sync_ports":
			if g.claim(l, e) {
				g.settings.Ports, _ = strconv.Atoi(value) // It was made of a number.
			}
		default:
			if g.sysctls == nil {
				g.sysctls = make(map[string]setting)
			}
			if first, twice := g.sysctls[k.name]; twice {
				l.again(e, first.pos)
			}
			g.sysctls[k.name] = setting{value: value, pos: e.Pos}
		}
	}
	if len(e.Args()) > used {
		l.extra(e, used)
	}
}

// showSysctls gives the settings in the order of knobs; those of connection
// synchronisation are shown by their keywords.
func (g *globals) showSysctls() []Node {
	var inner []Node
	for _, k := range knobs {
		set, ok := g.sysctls[k.name]
		if said, ports := g.said[k.name]; ports && k.name == "sync_ports" {
			set, ok = setting{value: strconv.Itoa(g.settings.Ports), pos: said.pos}, true
		}
		if !ok {
			continue
		}
		n := statement(k.name, any(set.value))
		n[0].Pos = set.pos
		inner = append(inner, n...)
	}
	if inner == nil {
		return nil
	}
	return blockOf("lvs_sysctl", nil, inner)
}

// take reads a value, or says what it can be.
func (k knob) take(l *loader, w syntax.Word) (value string, ok bool) {
	value, want := k.value(w.Text)
	if want == "" {
		return value, true
	}
	hint := hintFor(w.Text)
	if hint == "" {
		hint = k.meaning
	}
	l.errorf(w.Pos, hint, "%s %s is ignored: %s", k.name, quote(w.Text), want)
	return "", false
}

// suggestKnob guesses what setting was meant.
func suggestKnob(word string) string {
	if hint := hintFor(word); hint != "" {
		return hint
	}
	names := make([]string, len(knobs))
	for i, k := range knobs {
		names[i] = k.name
	}
	tail := word[strings.LastIndexAny(word, "./")+1:]
	if slices.Contains(names, tail) {
		return "write " + tail + " only"
	}
	if near := nearest(tail, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "it takes the settings of net.ipv4.vs, and ip_forward, ipv6_forwarding and send_redirects"
}
