package lab

import (
	"context"
	"log/slog"
	"net/netip"
)

// Options says which lab to build. The zero value is a DR lab with one VIP.
type Options struct {
	// Mode is the forwarding method that the real servers are set up for.
	Mode Mode
	// VIPs are the virtual addresses in the outside network, one or two; nil
	// for DefaultVIPs(1).
	VIPs []netip.Addr
	// Dir holds configurations, run and state folders of the directors. Empty
	// means a temporary folder that Close removes.
	Dir string
	// Log hears what the lab does, nil for nothing.
	Log *slog.Logger
}

// New builds the topology: every namespace, link, address and route, no
// process. It needs root. Where it fails, nothing is left over.
func New(ctx context.Context, o Options) (*Lab, error) { panic("soon") }

// Close ends every process and removes every namespace. It may be called
// twice.
func (l *Lab) Close() error { panic("soon") }

// Plan returns the addresses and names of this lab.
func (l *Lab) Plan() Plan { panic("soon") }

// Dir returns the folder of the lab's files.
func (l *Lab) Dir() string { panic("soon") }

// Client returns the host in front of the router.
func (l *Lab) Client() *Host { panic("soon") }

// Router returns the host between the client and both networks.
func (l *Lab) Router() *Host { panic("soon") }

// Witness returns the third host: on both bridges, and part of no path. What
// it learns by ARP is what any neighbour of the directors would learn.
func (l *Lab) Witness() *Host { panic("soon") }

// Server returns real server i, from 0 to len(Plan.Servers)-1.
func (l *Lab) Server(i int) *Host { panic("soon") }

// Director returns the host of a director. After Revive it is another Host:
// ask again, and drop sockets that were made in the old one.
func (l *Lab) Director(d Director) *Host { panic("soon") }

// Lab is one topology. Its methods may be called from several goroutines; the
// faults of one director or server must not overlap.
type Lab struct{}
