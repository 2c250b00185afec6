package conf

import (
	"math"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs/connsync"
)

// syncRows are the keywords of global_defs about connection synchronisation:
// keepalived's, and behind it tandem's own for the net.ipv4.vs values that it
// keeps in place.
var syncRows = []row[globals]{
	custom("lvs_sync_daemon", "IF [OPTION ...]", (*globals).setSync).shown((*globals).showSync).
		doc("none", "let the kernels of both directors tell each other their connections: [inst] NAME, id N, maxlen N, port N, ttl N, group IP").
		departing("the id is the VRID of the instance, else of the first one, and never 0: a backup with id 0 takes the messages of every pair on the segment"),
	custom("lvs_sync_threshold", "PACKETS [PERIOD]", (*globals).setThreshold).
		shown(showSyncSetting("lvs_sync_threshold", func(s connsync.Settings) []any { return []any{s.Threshold, s.Period} })).
		doc("0 0", "packets of a connection before its first message, and between messages; period 0: by time only").own(),
	custom("lvs_sync_refresh_period", "N", (*globals).setSyncNumber).
		shown(showSyncSetting("lvs_sync_refresh_period", func(s connsync.Settings) []any { return []any{s.RefreshPeriod} })).
		doc("10", "a live connection is sent again after so many seconds").own(),
	custom("lvs_sync_retries", "N", (*globals).setSyncNumber).
		shown(showSyncSetting("lvs_sync_retries", func(s connsync.Settings) []any { return []any{s.Retries} })).
		doc("0", "how often a message is repeated, up to 3").own(),
	custom("lvs_sync_sock_size", "N", (*globals).setSyncNumber).
		shown(showSyncSetting("lvs_sync_sock_size", func(s connsync.Settings) []any { return []any{s.SockSize} })).
		doc("8388608", "bytes of the buffer of the sync sockets").own(),
}

// showSyncSetting shows a setting where the daemon uses it or the file says it.
func showSyncSetting(keyword string, values func(connsync.Settings) []any) func(*globals) []Node {
	return func(g *globals) []Node {
		said, ok := g.said[strings.TrimPrefix(keyword, "lvs_")]
		if g.sync == nil && !ok {
			return nil
		}
		n := statement(keyword, values(g.settings)...)
		n[0].Pos = said.pos
		return n
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

// claim lets a value be set by its keyword or in lvs_sysctl, but not by both. Of
// one keyword the last one counts, as everywhere.
func (g *globals) claim(l *loader, s *syntax.Statement) bool {
	keyword := s.Keyword()
	name := strings.TrimPrefix(keyword, "lvs_")
	if first, ok := g.said[name]; ok && first.value != keyword {
		l.seeing(Error, s.Pos, first.pos, "", "%s is ignored: %s says it already, in %s", keyword, first.value, first.pos.LineFrom(s.Pos))
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
	l.seeing(Warning, s.Pos, first, "remove one of them", "%s is set already, in %s: this one counts", s.Keyword(), first.LineFrom(s.Pos))
}
