package connsync

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// What the kernel takes where the configuration says nothing
// (IP_VS_SYNC_GROUP, IP_VS_SYNC_PORT, start_sync_thread).
const (
	defaultPort = 8848
	defaultTTL  = 1
	// minBackupLen is the shortest message that a backup daemon makes room for.
	minBackupLen = 1024
)

var defaultGroup = netip.AddrFrom4([4]byte{224, 0, 0, 81})

// daemons are the two that c asks for, as the kernel will show them; MaxLen
// is 0 where the kernel may choose.
func (c Config) daemons() []ipvs.Daemon {
	master := ipvs.Daemon{
		Role:      ipvs.SyncMaster,
		Interface: c.Interface,
		SyncID:    c.SyncID,
		MaxLen:    c.MaxLen,
		Group:     c.Group,
		Port:      cmp.Or(c.Port, defaultPort),
		TTL:       cmp.Or(c.TTL, defaultTTL),
	}
	if !master.Group.IsValid() {
		master.Group = defaultGroup
	}
	backup := master
	backup.Role = ipvs.SyncBackup
	if c.MaxLen != 0 {
		backup.MaxLen = max(c.MaxLen, minBackupLen)
	}
	return []ipvs.Daemon{master, backup}
}

// plan says which of the daemons that run must stop and which must start, so
// that those wanted run. Running ones with the wanted parameters stay, since
// a master that stops loses what it has not sent yet; with fresh they are
// started anew. A namespace has room for one daemon of each role, so one with
// other parameters gives way, whoever started it.
func plan(have, want []ipvs.Daemon, fresh bool) (stop, start []ipvs.Daemon) {
	for _, w := range want {
		running := false
		for _, h := range have {
			switch {
			case h.Role != w.Role:
			case matches(h, w) && !fresh:
				running = true
			default:
				stop = append(stop, h)
			}
		}
		if !running {
			start = append(start, w)
		}
	}
	return stop, start
}

// since says in words what is different from what daemons began with, empty
// where nothing is.
func (now start) since(began start) string {
	var all []string
	if now.Index != began.Index {
		all = append(all, "the interface was made again")
	}
	if now.SockSize != began.SockSize {
		all = append(all, fmt.Sprintf("sync_sock_size was %s and is %s", began.SockSize, now.SockSize))
	}
	if now.Ports != began.Ports {
		all = append(all, fmt.Sprintf("sync_ports was %s and is %s", began.Ports, now.Ports))
	}
	return strings.Join(all, ", ")
}

// matches says whether a running daemon is what is wanted.
func matches(have, want ipvs.Daemon) bool {
	if want.MaxLen == 0 {
		have.MaxLen = 0
	}
	return have == want
}
