package ipvs

import (
	"net/netip"
	"time"
)

// Role is what a sync daemon of the kernel does. A network namespace has at
// most one of each.
type Role uint8

// The roles (IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP). They have nothing to
// do with VRRP's: tandem runs both at once.
const (
	_          Role = iota
	SyncMaster      // sends the connections of this director
	SyncBackup      // takes those of the other one
)

var roleNames = [...]string{"?", "master", "backup"}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "?"
}

// Daemon is one sync daemon as the kernel is told to run it or says that it
// does (net/netfilter/ipvs/ip_vs_sync.c). It is comparable.
type Daemon struct {
	Role      Role
	Interface string
	SyncID    uint8
	MaxLen    uint16     // bytes of one message; zero when starting: by the MTU
	Group     netip.Addr // multicast; zero when starting: 224.0.0.81
	Port      uint16     // zero when starting: 8848
	TTL       uint8      // zero when starting: 1
}

// Timeouts are the connection timeouts of IPVS, in whole seconds; zero leaves
// the kernel's value when set.
type Timeouts struct{ TCP, TCPFin, UDP time.Duration }
