// Package connsync runs the kernel's IPVS connection synchronisation: both
// sync daemons, master and backup, on both directors all the time, with
// settings under which every connection reaches the other director
// (net/netfilter/ipvs/ip_vs_sync.c, Documentation/networking/ipvs-sysctl.rst).
package connsync

import "net/netip"

// Config is what lvs_sync_daemon says.
type Config struct {
	Interface string
	SyncID    uint8      // never 0: a backup daemon with 0 would take anybody's messages
	Group     netip.Addr // multicast; zero: 224.0.0.81
	Port      uint16     // zero: 8848
	TTL       uint8      // zero: 1
	MaxLen    uint16     // zero: the kernel's choice by MTU
	Settings  Settings
}

// Settings are the net.ipv4.vs.sync_* values that tandem keeps in place while
// it runs. DefaultSettings are the recommended ones.
type Settings struct {
	Threshold     int // sync_threshold, first value: packets before the first message
	Period        int // sync_threshold, second value: packets between messages; 0: by time only
	RefreshPeriod int // sync_refresh_period, seconds between messages of a live connection
	Retries       int // sync_retries
	SockSize      int // sync_sock_size, bytes; capped silently by net.core.rmem_max
	// Ports is sync_ports: UDP ports, and threads of each daemon, a power of
	// two up to 64; 0 leaves the host's value alone, which is 1 for a fresh
	// kernel. Both directors need the same: what is sent to a port on which
	// the other one does not listen is lost without a word.
	Ports int
}

// DefaultSettings let a connection that is silent after its handshake reach
// the other director at once, which the kernel's "3 50" never does, and a
// live one again every 10 s.
var DefaultSettings = Settings{Threshold: 0, Period: 0, RefreshPeriod: 10, Retries: 0, SockSize: 8 << 20}
