package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
)

// Options says which lab to build. The zero value is a DR lab with one VIP.
type Options struct {
	// Mode is the forwarding method that the real servers are set up for.
	Mode Mode
	// VIPs are the virtual addresses in the outside network, nil for
	// DefaultVIPs(1).
	VIPs []netip.Addr
	// DualStack gives every host IPv6 addresses too, and a VIP of IPv6 for
	// each of IPv4. A lab that measures time does without: what IPv6 says on
	// its own would be in the captures and on the one processor.
	DualStack bool
	// Dir holds configurations, run and state folders of the directors. Empty
	// means a temporary folder that Close removes.
	Dir string
	// Log hears what the lab does, nil for nothing.
	Log *slog.Logger
}

// Lab is one topology. Its methods may be called from several goroutines; the
// faults of one director or server must not overlap.
type Lab struct {
	plan    Plan
	log     *slog.Logger
	dir     string
	ownsDir bool

	switches *Host // Holds both bridges, so that the other hosts can come and go.
	client   *Host
	router   *Host
	witness  *Host
	servers  []*Host

	mu        sync.Mutex // guards all following fields.
	directors [2]*Host   // A destroyed host stays until its successor comes.
	processes [2]*Process
	parted    bool // VRRP is dropped between the directors.
}

// New builds the topology: every namespace, link, address and route, no
// process. It needs root. Where it fails, nothing is left over.
func New(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{plan: NewPlan(o.Mode, o.VIPs), log: o.Log, dir: o.Dir}
	if o.DualStack {
		l.plan = l.plan.DualStack()
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build the lab: %w", err), l.Close())
	}
	return l, nil
}

// Close ends every process and removes every namespace. It may be called
// twice.
func (l *Lab) Close() error {
	l.mu.Lock()
	directors := l.directors
	l.mu.Unlock()
	hosts := append([]*Host{directors[0], directors[1], l.client, l.router, l.witness}, l.servers...)
	var errs []error
	for _, h := range append(hosts, l.switches) {
		if h != nil {
			errs = append(errs, h.close())
		}
	}
	if l.ownsDir {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	return errors.Join(errs...)
}

// Plan returns the addresses and names of this lab.
func (l *Lab) Plan() Plan { return l.plan }

// Dir returns the folder of the lab's files.
func (l *Lab) Dir() string { return l.dir }

// Client returns the host in front of the router.
func (l *Lab) Client() *Host { return l.client }

// Router returns the host between the client and both networks.
func (l *Lab) Router() *Host { return l.router }

// Witness returns the third host: on both bridges, and part of no path. What
// it learns by ARP is what any neighbour of the directors would learn.
func (l *Lab) Witness() *Host { return l.witness }

// Server returns real server i, from 0 to len(Plan.Servers)-1.
func (l *Lab) Server(i int) *Host { return l.servers[i] }

// Director returns the host of a director. After Revive it is another Host:
// ask again, and drop sockets that were made in the old one.
func (l *Lab) Director(d Director) *Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.directors[d-1]
}
