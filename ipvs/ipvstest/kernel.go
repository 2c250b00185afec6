// Package ipvstest is IPVS in memory for the tests of what stands on it: it
// takes and refuses what the real one does, which Conformance holds both to.
package ipvstest

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/tandem-ha/tandem/ipvs"
)

// Kernel is a table in memory. It may be used from several goroutines.
type Kernel struct {
	mu      sync.Mutex // guards all below
	table   ipvs.Table
	figures ipvs.Figures
	daemons map[ipvs.Role]ipvs.Daemon

	timeouts ipvs.Timeouts

	applied []ipvs.Op
	refuse  func(ipvs.Op) error
	broken  error
}

// New is a kernel that holds a table already.
func New(t ipvs.Table) *Kernel {
	return &Kernel{table: t.Normal(), figures: ipvs.Figures{}, daemons: map[ipvs.Role]ipvs.Daemon{}, timeouts: freshTimeouts}
}

// Dump is the table.
func (k *Kernel) Dump(ctx context.Context) (ipvs.Table, error) {
	t, _, err := k.Read(ctx)
	return t, err
}

// Read is the table and the figures given by SetCounts.
func (k *Kernel) Read(context.Context) (ipvs.Table, ipvs.Figures, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, nil, k.broken
	}
	figures := ipvs.Figures{}
	for key, entry := range k.table {
		figures[key] = ipvs.Figure{Servers: map[ipvs.Server]ipvs.Counts{}}
		for server := range entry.Destinations {
			figures[key].Servers[server] = k.figures[key].Servers[server]
		}
	}
	return k.table.Normal(), figures, nil
}

// Entries are the given services.
func (k *Kernel) Entries(_ context.Context, keys []ipvs.Key) (ipvs.Table, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, k.broken
	}
	some := ipvs.Table{}
	for _, key := range keys {
		if entry, ok := k.table[key]; ok {
			some[key] = entry
		}
	}
	return some.Normal(), nil
}

// Services are the services alone.
func (k *Kernel) Services(context.Context) (map[ipvs.Key]ipvs.Service, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, k.broken
	}
	services := map[ipvs.Key]ipvs.Service{}
	for key, entry := range k.table {
		services[key] = entry.Service
	}
	return services, nil
}

// Apply does the operations that the real kernel would do.
func (k *Kernel) Apply(_ context.Context, ops []ipvs.Op) []error {
	k.mu.Lock()
	defer k.mu.Unlock()
	errs := make([]error, len(ops))
	for i, op := range ops {
		k.applied = append(k.applied, op)
		switch {
		case k.broken != nil:
			errs[i] = k.broken
		case k.refuse != nil:
			errs[i] = k.refuse(op)
		}
		if errs[i] == nil {
			errs[i] = k.apply(op)
		}
	}
	return errs
}

// Applied are the operations that Apply was asked for since it was last
// called.
func (k *Kernel) Applied() []ipvs.Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	ops := k.applied
	k.applied = nil
	return ops
}

// Outside changes the table behind tandem's back.
func (k *Kernel) Outside(change func(ipvs.Table)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(k.table)
	k.table = k.table.Normal()
}

// Refuse gives operations errors of the test's choice; nil ends that.
func (k *Kernel) Refuse(f func(ipvs.Op) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuse = f
}

// Break lets every call fail; nil ends that.
func (k *Kernel) Break(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = err
}

// SetCounts sets the figures of a server.
func (k *Kernel) SetCounts(key ipvs.Key, server ipvs.Server, c ipvs.Counts) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.figures[key].Servers == nil {
		k.figures[key] = ipvs.Figure{Servers: map[ipvs.Server]ipvs.Counts{}}
	}
	k.figures[key].Servers[server] = c
}

// schedulers and engines are those that come with Linux 6.1. The kernel takes
// "none" for no scheduler at all.
var (
	schedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "none"}
	engines    = []string{"", "sip"}
)

// apply checks in the kernel's order: the service, the values, then whether
// the destination is there (ip_vs_genl_set_cmd).
func (k *Kernel) apply(op ipvs.Op) error {
	op.Key = op.Key.Normal()
	_, present := k.table[op.Key]
	switch op.Verb {
	case ipvs.AddService, ipvs.SetService:
		if present == (op.Verb == ipvs.AddService) {
			break
		}
		op.Service = op.Service.Normal(op.Key.Family)
		if err := checkService(op.Key, op.Service); err != nil {
			return err
		}
	case ipvs.AddDestination, ipvs.SetDestination:
		if !present {
			break
		}
		op.Destination = op.Destination.Normal()
		if err := checkDestination(op.Key, op.Server, op.Destination); err != nil {
			return err
		}
		if mixed(op.Key, op.Server) && len(k.daemons) > 0 {
			return ipvs.ErrInvalid
		}
	}
	return k.table.Apply(op)
}

func checkService(key ipvs.Key, s ipvs.Service) error {
	switch {
	case len(s.Scheduler) > ipvs.MaxName:
		return ipvs.ErrInvalid
	case !slices.Contains(schedulers, s.Scheduler), !slices.Contains(engines, s.PE):
		return ipvs.ErrNoScheduler
	case key.Family == ipvs.IPv6 && s.Granularity > 128:
		return ipvs.ErrInvalid
	}
	return nil
}

// mixed says that a server is of another family than its service.
func mixed(key ipvs.Key, server ipvs.Server) bool { return ipvs.FamilyOf(server.Addr()) != key.Family }

func checkDestination(key ipvs.Key, server ipvs.Server, d ipvs.Destination) error {
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	a := server.Addr()
	switch {
	case mixed(key, server) && d.Forwarding != ipvs.Tunnel,
		d.Weight < 0,
		d.Lower > d.Upper,
		d.Tunnel.Type == ipvs.GUE && d.Tunnel.Port == 0,
		a.IsMulticast(), a.IsUnspecified(), a == broadcast:
		return ipvs.ErrInvalid
	}
	return nil
}
