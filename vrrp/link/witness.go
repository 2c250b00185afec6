package link

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// witness remembers who removed addresses. The kernel tells with an event of
// IPv4 the netlink port of whoever asked for the change, which is usually the
// number of its process. Of IPv6 it does not.
type witness struct {
	own uint32 // port of our own requests; 0: unknown

	mu       sync.Mutex // guards the following field
	culprits map[home]culprit
}

// culprit is who asked the kernel to remove an address.
type culprit struct {
	port    uint32 // 0: nobody, or the kernel does not tell
	program string // empty: it had ended already
	times   int    // how often it was done since take; port is of the last
}

func (c culprit) String() string {
	switch {
	case c.port == 0:
		return ""
	case c.program == "":
		return fmt.Sprintf("netlink port %d, usually the number of a process, which has ended", c.port)
	}
	return fmt.Sprintf("%s (process %d)", c.program, c.port)
}

func newWitness(k *kernel) *witness { return &witness{own: k.port(), culprits: make(map[home]culprit)} }

// most bounds what is remembered between two passes.
const most = 8192

// heard is called with every event, before its listener acts on it: a command
// such as ip(8) ends at once.
func (w *witness) heard(m syscall.NetlinkMessage) {
	if m.Header.Type != unix.RTM_DELADDR || m.Header.Pid == 0 || m.Header.Pid == w.own {
		return
	}
	a, ok := ifaddr.Parse(m.Data)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := culprit{port: m.Header.Pid}
	for _, other := range w.culprits {
		if other.port == c.port { // as of `ip address flush`
			c = other
		}
		break
	}
	if c.program == "" {
		c.program = program(c.port)
	}
	if len(w.culprits) < most {
		h := home{a.Index, a.Prefix.Addr(), a.Peer}
		c.times = w.culprits[h].times + 1
		w.culprits[h] = c
	}
}

// take returns what was seen since it was last called.
func (w *witness) take() map[home]culprit {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.culprits
	w.culprits = make(map[home]culprit)
	return seen
}

// program is the name of a running process; empty: there is none.
func program(pid uint32) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
