package conf

import (
	"math"
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
}

var defaultGlobals = globals{
	version:  vrrp.V2,
	announce: vrrp.DefaultAnnounce,
	settings: connsync.DefaultSettings,
}

// maxDelay is keepalived's longest delay in whole seconds: 32 bits of microseconds.
const maxDelay = 4294

var globalBlock = block[globals]{"global_defs", append([]row[globals]{
	word("router_id", "STRING", func(g *globals, s string) { g.routerID = s }),
	custom("vrrp_version", "2|3", (*globals).setVersion),
	number("vrrp_garp_master_delay", 0, maxDelay, func(g *globals, n int) { g.announce.Delay = time.Duration(n) * time.Second }),
	count("vrrp_garp_master_repeat", func(g *globals, n int) { g.announce.Repeat = n }),
	number("vrrp_garp_master_refresh", 0, maxDelay, func(g *globals, n int) { g.announce.Refresh = time.Duration(n) * time.Second }),
	count("vrrp_garp_master_refresh_repeat", func(g *globals, n int) { g.announce.RefreshRepeat = n }),
	custom("lvs_sync_daemon", "IF [OPTION ...]", (*globals).setSync),
	custom("lvs_timeouts", "tcp|tcpfin|udp SECONDS ...", (*globals).setTimeouts),

	// tandem's own: the net.ipv4.vs.sync_* values that it keeps in place.
	custom("lvs_sync_threshold", "PACKETS [PERIOD]", (*globals).setThreshold),
	number("lvs_sync_refresh_period", 0, math.MaxInt32, func(g *globals, n int) { g.settings.RefreshPeriod = n }),
	// The kernel takes no more retries (net/netfilter/ipvs/ip_vs_ctl.c, vs_vars).
	number("lvs_sync_retries", 0, 3, func(g *globals, n int) { g.settings.Retries = n }),
	number("lvs_sync_sock_size", 0, math.MaxInt32, func(g *globals, n int) { g.settings.SockSize = n }),

	gone[globals]("lvs_id", "it is the old name of router_id"),
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
				l.warnf(met[k], "put global_defs first", "%s counts for the instances below only, not for %s above",
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

// setThreshold reads both values of net.ipv4.vs.sync_threshold; the second one
// stays as it is where it is left out.
func (g *globals) setThreshold(l *loader, s *syntax.Statement) {
	values := []int{g.settings.Threshold, g.settings.Period}
	for i, w := range s.Args()[:min(2, len(s.Args()))] {
		n, ok := l.number(s.Keyword(), w, 0, math.MaxInt32)
		if !ok {
			return
		}
		values[i] = n
	}
	g.settings.Threshold, g.settings.Period = values[0], values[1]
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
