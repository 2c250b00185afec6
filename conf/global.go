package conf

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify"
)

// globals are the settings of all global_defs blocks. An instance takes its
// defaults from them as they are when its block opens; where one that stands
// below changes them, the file is read a second time with what it left, as
// keepalived reads every file twice.
type globals struct {
	pos syntax.Pos // of the first block
	met seen       // the keywords of all

	late bool // a default of instances stands below one

	routerID string
	defaults
	sync     *syncDaemon
	settings connsync.Settings
	timeouts ipvs.Timeouts

	sysctls     map[string]setting // lvs_sysctl by name
	said        map[string]setting // sync_* -> the keyword that set it, and where
	connections int
	process     Process
	scripts     scripts
	mail        mailing

	// What becomes of vrrp.Config.
	pacing                       vrrp.Pacing
	startupDelay, delayAfterBoot time.Duration
	logUnknown                   bool
	forwardingWait               time.Duration

	vmacPrefix, vmacAddrPrefix string // of interfaces of instances
	defaultInterface           string // of static addresses
}

var defaultGlobals = globals{
	defaults: defaults{version: vrrp.V2},
	settings: connsync.DefaultSettings,

	forwardingWait: vrrp.DefaultForwardingWait,
	scripts:        scripts{startupTime: notify.DefaultScriptTimeout, shutdownTime: notify.DefaultScriptTimeout, timeout: notify.DefaultTimeout},
	mail:           mailing{Mail: notify.Mail{Timeout: defaultMailTimeout}},

	vmacPrefix: "vrrp", defaultInterface: "eth0",
}

// maxDelay is keepalived's longest delay in whole seconds: 32 bits of microseconds.
const maxDelay = 4294

var globalBlock = block[globals]{"global_defs", slices.Concat([]row[globals]{
	text("router_id", "STRING", func(g *globals) *string { return &g.routerID }).
		doc("the host name", "what this director is called in its status, logs and mails"),
}, announceRows, vrrpRows, syncRows, scriptRows, mailRows, []row[globals]{
	custom("lvs_timeouts", "tcp|tcpfin|udp SECONDS ...", (*globals).setTimeouts).shown((*globals).showTimeouts).
		doc("as the kernel has them", "seconds that IPVS keeps a connection without a packet: while open, while it closes, and of UDP"),
	plain[globals]("lvs_flush", nil).later().
		meanwhile("services that are not tandem's stay; ipvsadm -C removes them").
		doc("off", "clear the IPVS table at the start"),
	oneOrNone[globals]("lvs_flush_on_stop", "VS").
		inert("tandem removes its own services when it stops, all at once, and leaves others alone").
		doc("off", "clear the IPVS table at the end; VS: remove services without their servers first"),
	oneOrNone[globals]("lvs_flush_onstop", "VS").
		inert("tandem removes its own services when it stops, all at once, and leaves others alone").otherName("lvs_flush_on_stop").
		doc("off", "the old name of lvs_flush_on_stop"),
	custom("lvs_connections", "N", (*globals).setConnections).shown((*globals).showConnections).
		doc("not said", "how many connections are expected; the kernel's table is judged by it").own(),
	custom("lvs_sysctl", "{ NAME VALUE ... }", (*globals).readSysctls).shown((*globals).showSysctls).
		doc("", "kernel settings that are kept while it runs").own(),
	obsolete[globals]("lvs_id", "it is the old name of router_id"),
}, firewallRows, processRows, fileRows, monitorRows)}

// readGlobals reads a global_defs block, of which there may be several; they
// add up.
func readGlobals(_ *none, l *loader, s *syntax.Statement) {
	g := &l.global
	if g.pos == (syntax.Pos{}) {
		g.pos = s.Pos
	}
	before := g.defaults
	l.within("global_defs", func() { readMore(l, globalBlock, g, s.Block, &g.met) })
	g.late = g.late || len(l.instances) > 0 && g.defaults != before
}

// node is what all global_defs blocks say, as one.
func (g *globals) node() Node {
	n := blockOf("global_defs", nil, globalBlock.show(g, g.met))[0]
	n.Pos = g.pos
	return n
}

// setConnections reads how many connections are expected at once.
func (g *globals) setConnections(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 1, 100_000_000); ok && g.claim(l, s) {
		g.connections = n
	}
}

func (g *globals) showConnections() []Node {
	if g.connections == 0 {
		return nil
	}
	return statement("lvs_connections", g.connections)
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

// showTimeouts gives those that are set.
func (g *globals) showTimeouts() []Node {
	var values []any
	for _, t := range [...]struct {
		name string
		d    time.Duration
	}{{"tcp", g.timeouts.TCP}, {"tcpfin", g.timeouts.TCPFin}, {"udp", g.timeouts.UDP}} {
		if t.d != 0 {
			values = append(values, t.name, t.d)
		}
	}
	if values == nil {
		return nil
	}
	return statement("lvs_timeouts", values...)
}

// once makes a keyword of global_defs one of which the first statement counts.
func once(r row[globals]) row[globals] {
	set := r.set
	r.set = func(g *globals, l *loader, s *syntax.Statement) {
		if first, ok := g.met.idled(r.name); ok {
			l.seeing(Error, s.Pos, first, "", "a second %s is ignored: it is said already, in %s", r.name, first.LineFrom(s.Pos))
			return
		}
		if set != nil {
			set(g, l, s)
		}
	}
	return r
}
