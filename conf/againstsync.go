package conf

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// What the kernel takes where lvs_sync_daemon says nothing (ip_vs_sync.c).
const (
	defaultSyncPort = 8848
	oneSyncPort     = 1
)

var defaultSyncGroup = netip.AddrFrom4([4]byte{224, 0, 0, 81})

// sync compares how connections reach the other director. One that does not
// hear the other loses them without a word.
func (c *comparison) sync() {
	a, b := c.this.global.sync, c.other.global.sync
	switch {
	case a == nil && b == nil:
		return
	case b == nil:
		c.report(Error, a.pos, c.other.whole(), bothSay, "lvs_sync_daemon is not there: connections are not carried over, and each failover breaks them")
		return
	case a == nil:
		c.report(Error, c.this.whole(), b.pos, bothSay, "lvs_sync_daemon is not here: connections are not carried over, and each failover breaks them")
		return
	}
	differ := func(sev Severity, format string, args ...any) {
		c.report(sev, a.pos, b.pos, bothSay, "lvs_sync_daemon: "+format, args...)
	}
	const deaf = "neither director takes the connections of the other, and each failover breaks them"
	if a.SyncID != b.SyncID {
		differ(Error, "its id is %d here and %d there: %s", a.SyncID, b.SyncID, deaf)
	}
	if x, y := or(a.Group, defaultSyncGroup), or(b.Group, defaultSyncGroup); x != y {
		differ(Error, "its group is %s here and %s there: %s", x, y, deaf)
	}
	if x, y := or(a.Port, defaultSyncPort), or(b.Port, defaultSyncPort); x != y {
		differ(Error, "its port is %d here and %d there: %s", x, y, deaf)
	}
	if a.MaxLen != b.MaxLen {
		differ(Warning, "its maxlen is %v here and %v there: a message that is longer than the other director takes is lost", length(a.MaxLen), length(b.MaxLen))
	}
	x, y := c.this.global.settings, c.other.global.settings
	if m, n := or(x.Ports, oneSyncPort), or(y.Ports, oneSyncPort); m != n {
		c.report(Error, c.this.settled("sync_ports"), c.other.settled("sync_ports"), bothSay, "sync_ports %d here, %d there: what is sent to a port on which the other director does not listen is lost", m, n)
	}
	if x.Threshold != y.Threshold || x.Period != y.Period || x.RefreshPeriod != y.RefreshPeriod {
		name := "sync_threshold"
		if x.Threshold == y.Threshold && x.Period == y.Period {
			name = "sync_refresh_period"
		}
		c.report(Warning, c.this.settled(name), c.other.settled(name), bothSay,
			"connections are sent after other rules there (sync_threshold %d %d and sync_refresh_period %d here, %d %d and %d there): which of them outlive a failover depends on who is master",
			x.Threshold, x.Period, x.RefreshPeriod, y.Threshold, y.Period, y.RefreshPeriod)
	}
}

// or is a value, or the default where it is zero.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// length is maxlen in words.
func length(n uint16) any {
	if n == 0 {
		return "what fits the interface"
	}
	return n
}

// settled is where a kernel setting of connection synchronisation is written.
func (l *loader) settled(name string) syntax.Pos {
	if s, ok := l.global.said[name]; ok {
		return s.pos
	}
	return l.whole()
}

// sysctls compares the kernel settings that the files ask for. What only one of
// them says may be what the other host has anyway; nobody can tell from here.
func (c *comparison) sysctls() {
	for _, name := range slices.Sorted(maps.Keys(c.this.global.sysctls)) {
		a, b := c.this.global.sysctls[name], c.other.global.sysctls[name]
		switch {
		case a.value == b.value:
		case b.value == "":
			c.report(Warning, a.pos, c.other.whole(), bothSay, "lvs_sysctl: %s is %s here and not written there: the other director may treat connections otherwise", name, a.value)
		case name == "sync_version":
			c.report(Error, a.pos, b.pos, bothSay, "lvs_sysctl: sync_version %s here, %s there: the older one does not understand what the newer one sends", a.value, b.value)
		default:
			c.report(Warning, a.pos, b.pos, bothSay, "lvs_sysctl: %s is %s here and %s there: connections are treated otherwise after a failover", name, a.value, b.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.other.global.sysctls)) {
		if _, both := c.this.global.sysctls[name]; !both {
			b := c.other.global.sysctls[name]
			c.report(Warning, c.this.whole(), b.pos, bothSay, "lvs_sysctl: %s is %s there and not written here: this director may treat connections otherwise", name, b.value)
		}
	}
}

// identity compares what names a director, and what global_defs says for all.
func (c *comparison) identity() {
	a, b := c.this.global, c.other.global
	if a.routerID != "" && a.routerID == b.routerID {
		c.report(Note, c.this.globally("router_id"), c.other.globally("router_id"), "leave it out: it is the host's name then",
			"router_id is %s in both: logs and status do not tell which director speaks", quote(a.routerID))
	}
	if a.timeouts != b.timeouts {
		c.report(Warning, c.this.globally("lvs_timeouts"), c.other.globally("lvs_timeouts"), bothSay,
			"lvs_timeouts is not the same in both: idle connections end at another time after a failover")
	}
}

// globally is where a file says a keyword of global_defs, or the file.
func (l *loader) globally(keyword string) syntax.Pos { return l.global.met.at(l.whole(), keyword) }
