package conf

import (
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/ipvs/pool"
	"github.com/tandem-ha/tandem/ipvs/rules"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/bfd"
	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// Config is what a configuration file means: the domains' own structs, filled
// in, so that the struct the user configures is the struct that runs.
type Config struct {
	File     string // the file it was read from
	RouterID string // empty: the host's name

	VRRP     vrrp.Config
	Track    track.Config
	BFD      []bfd.Config
	Notify   notify.Config
	Services []Service
	Sync     *connsync.Config // nil: lvs_sync_daemon is not configured
	// SyncInstance is the VRRP instance named by lvs_sync_daemon; empty: none.
	SyncInstance string
	Timeouts     ipvs.Timeouts
	// Sysctls are the kernel settings that the file asks for (lvs_sysctl) and
	// those that its services cannot do without: forwarding for NAT, connection
	// tracking for FULLNAT. Those of net.ipv4.vs.sync_* are in Sync.
	Sysctls sysctl.Settings
	// Connections is how many connections the operator expects at once; 0: not
	// said. The kernel's table is judged by it.
	Connections int

	Process Process

	// Interfaces are all uses of a network interface with their positions, in
	// the order of the file: see MissingInterfaces.
	Interfaces []InterfaceUse
}

// Service is a virtual server with the checks of its real servers. The keys
// in Checks are those that pool.Server.Checks names. Key is in normal form
// (ipvs.Key.Normal) and so are the addresses of the servers, so that they find
// what IPVS has under them.
//
// A virtual_server_group makes one Service: Key is its first member, Also the
// others, which get the same servers with the same checks and one quorum. A
// server of a group whose members have several ports may have the port 0, and
// one of DR or TUN a port that is for its checks: for a member with a port, a
// server with port 0 or with DR or TUN gets the member's port; for a firewall
// mark it stays as it is. Rules.FullNAT is completed in the same way, and
// Rules is meant for each member with its own Key.
type Service struct {
	pool.Service
	Checks []healthcheck.Check
	Also   []ipvs.Key
	Rules  rules.Service // what it needs of nftables; its Key is Key
}

// Process is what the file says of the priority of the process. RealTime counts
// where both are set.
type Process struct {
	RealTime int  // of SCHED_RR, 1-99; 0: not said
	Nice     *int // -20..19; nil: not said
}
