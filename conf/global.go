package conf

import (
	"math"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/vrrp"
)

// globals are the settings of all global_defs blocks. An instance takes its
// defaults from them as they are when its block opens, as in keepalived.
type globals struct {
	routerID string
	version  vrrp.Version
	announce vrrp.Announce
	sync     *syncDaemon
	settings connsync.Settings
	timeouts ipvs.Timeouts

	sysctls     map[string]setting // lvs_sysctl by name
	said        map[string]setting // sync_* -> the keyword that set it, and where
	connections int
}

var defaultGlobals = globals{
	version:  vrrp.V2,
	announce: vrrp.DefaultAnnounce,
	settings: connsync.DefaultSettings,
}

// maxDelay is keepalived's longest delay in whole seconds: 32 bits of microseconds.
const maxDelay = 4294

var globalBlock = block[globals]{"global_defs", append([]row[globals]{
	text("router_id", "STRING", func(g *globals) *string { return &g.routerID }),
	custom("vrrp_version", "2|3", (*globals).setVersion),
	wholeSeconds("vrrp_garp_master_delay", 0, maxDelay, func(g *globals) *time.Duration { return &g.announce.Delay }),
	count("vrrp_garp_master_repeat", func(g *globals) *int { return &g.announce.Repeat }),
	wholeSeconds("vrrp_garp_master_refresh", 0, maxDelay, func(g *globals) *time.Duration { return &g.announce.Refresh }),
	count("vrrp_garp_master_refresh_repeat", func(g *globals) *int { return &g.announce.RefreshRepeat }),
	custom("lvs_sync_daemon", "IF [OPTION ...]", (*globals).setSync),
	custom("lvs_timeouts", "tcp|tcpfin|udp SECONDS ...", (*globals).setTimeouts),

	// tandem's own: the net.ipv4.vs values that it keeps in place.
	custom("lvs_sync_threshold", "PACKETS [PERIOD]", (*globals).setThreshold),
	custom("lvs_sync_refresh_period", "N", (*globals).setSyncNumber),
	custom("lvs_sync_retries", "N", (*globals).setSyncNumber),
	custom("lvs_sync_sock_size", "N", (*globals).setSyncNumber),
	custom("lvs_sysctl", "{ NAME VALUE ... }", (*globals).readSysctls),
	custom("lvs_connections", "N", (*globals).setConnections),

	obsolete[globals]("lvs_id", "it is the old name of router_id"),
}, laterGlobals()...)}

// readGlobals reads a global_defs block, of which there may be several; they
// add up.
func readGlobals(_ *none, l *loader, s *syntax.Statement) {
	l.within("global_defs", func() {
		met := read(l, globalBlock, &l.global, s.Block)
		if len(l.instances) == 0 {
			return
		}
		for _, k := range []string{
			"vrrp_version", "vrrp_garp_master_delay", "vrrp_garp_master_repeat",
			"vrrp_garp_master_refresh", "vrrp_garp_master_refresh_repeat",
		} {
			if met.has(k) {
				l.warnf(met.at(s.Pos, k), "put global_defs first", "%s counts for the instances below only, not for %s above",
					k, l.instances[len(l.instances)-1].Name)
			}
		}
	})
}

// setVersion reads the version of the instances that name none.
func (g *globals) setVersion(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 2, 3); ok {
		g.version = vrrp.Version(n)
	}
}

// setThreshold reads both values of net.ipv4.vs.sync_threshold, of which the
// kernel takes a first one below the second only, but for a second one of 0
// (proc_do_sync_threshold in ip_vs_ctl.c). The second one stays as it is where
// it is left out.
func (g *globals) setThreshold(l *loader, s *syntax.Statement) {
	values := []int{g.settings.Threshold, g.settings.Period}
	for i, w := range s.Args()[:min(2, len(s.Args()))] {
		n, ok := l.number(s.Keyword(), w, 0, math.MaxInt32)
		if !ok {
			return
		}
		values[i] = n
	}
	if values[0] >= values[1] && values[1] != 0 {
		l.errorf(s.Words[1].Pos, "a period of 0 is by time only", "%s %d %d is ignored: the packets must be less than the period", s.Keyword(), values[0], values[1])
		return
	}
	if g.claim(l, s) {
		g.settings.Threshold, g.settings.Period = values[0], values[1]
	}
}

// setSyncNumber reads one of the other values of net.ipv4.vs.sync_*.
func (g *globals) setSyncNumber(l *loader, s *syntax.Statement) {
	target, most := &g.settings.RefreshPeriod, maxTicks
	switch strings.TrimPrefix(s.Keyword(), "lvs_") {
	case "sync_retries":
		// The kernel takes no more (net/netfilter/ipvs/ip_vs_ctl.c, vs_vars).
		target, most = &g.settings.Retries, 3
	case "sync_sock_size":
		target, most = &g.settings.SockSize, math.MaxInt32
	}
	if n, ok := l.number(s.Keyword(), s.Words[1], 0, most); ok && g.claim(l, s) {
		*target = n
	}
}

// setConnections reads how many connections are expected at once.
func (g *globals) setConnections(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 1, 100_000_000); ok && g.claim(l, s) {
		g.connections = n
	}
}

// claim lets a value be set by its keyword or in lvs_sysctl, but not by both. Of
// one keyword the last one counts, as everywhere.
func (g *globals) claim(l *loader, s *syntax.Statement) bool {
	keyword := s.Keyword()
	name := strings.TrimPrefix(keyword, "lvs_")
	if first, ok := g.said[name]; ok && first.value != keyword {
		l.errorf(s.Pos, "", "%s is ignored: %s in line %d says it already", keyword, first.value, first.pos.Line)
		return false
	} else if ok {
		l.again(s, first.pos)
	}
	if g.said == nil {
		g.said = make(map[string]setting)
	}
	g.said[name] = setting{value: keyword, pos: s.Pos}
	return true
}

// again reports a setting that is made a second time.
func (l *loader) again(s *syntax.Statement, first syntax.Pos) {
	l.warnf(s.Pos, "remove one of them", "%s is set in line %d already: this one counts", s.Keyword(), first.Line)
}

// setTimeouts reads pairs of a name and seconds. 0 leaves the kernel's value
// alone, as leaving the name out does.
func (g *globals) setTimeouts(l *loader, s *syntax.Statement) {
	targets := map[string]*time.Duration{"tcp": &g.timeouts.TCP, "tcpfin": &g.timeouts.TCPFin, "udp": &g.timeouts.UDP}
	args := s.Args()
	for i := 0; i < len(args); i += 2 {
		target := targets[args[i].Text]
		switch {
		case target == nil:
			l.invalid(s.Keyword(), args[i], "it takes tcp, tcpfin and udp, each with seconds")
			return
		case i+1 == len(args):
			l.errorf(args[i].Pos, "", "%s: %s lacks its seconds", s.Keyword(), args[i].Text)
		default:
			if n, ok := l.number(s.Keyword()+" "+args[i].Text, args[i+1], 0, maxTimeout); ok {
				*target = time.Duration(n) * time.Second
			}
		}
	}
}

// maxTimeout is the longest timeout in seconds that IPVS is given: 31 days,
// keepalived's limit for persistence. The kernel counts in ticks and would take
// 24 days at 1000 a second as the longest of lvs_timeouts; it says so itself.
const maxTimeout = 31 * 24 * 60 * 60
