package director

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/ipvs/kernel"
	"github.com/tandem-ha/tandem/ipvs/netfilter"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
)

// balance is the half of a director that needs IPVS in the kernel. A director
// that only floats addresses has none.
type balance struct {
	kernel     *kernel.Kernel
	size       int // buckets of the connection table; 0: not known
	reconciler *ipvs.Reconciler
	syncer     *connsync.Syncer
	settings   *sysctl.Keeper
	tables     *netfilter.Keeper
	log        *slog.Logger
	started    bool
	own        []netip.Addr // this host's addresses as last seen; of the director's goroutine
}

// openBalance opens IPVS. Nothing is changed yet.
func openBalance(ctx context.Context, d *Director) (*balance, error) {
	k, err := kernel.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHost, err)
	}
	log := d.log.With("part", "ipvs")
	record := ipvs.NewRecord(d.recordFile(), k.Epoch())
	info, err := k.Info(ctx)
	if err != nil {
		log.Warn("the size of the connection table is not known", "error", err)
	}
	b := &balance{
		kernel:     k,
		size:       int(info.Size),
		reconciler: ipvs.NewReconciler(k, record, log, ipvs.Options{OnDrain: d.pools.drain}),
		syncer: connsync.New(k, d.log.With("part", "sync"), connsync.Options{
			Record: d.syncRecordFile(),
			Epoch:  k.Epoch(),
		}),
		settings: sysctl.New(d.log.With("part", "settings"), sysctl.Options{
			Record: d.settingsRecordFile(),
			Epoch:  k.Epoch(),
		}),
		tables: netfilter.New(d.log.With("part", "nftables"), netfilter.Options{}),
		log:    log,
	}
	return b, nil
}

// start runs the parts, once.
func (b *balance) start(parts *parts) {
	if b.started {
		return
	}
	b.started = true
	parts.run(kernelSettings, b.settings.Run)
	parts.run(nftablesRules, b.tables.Run)
	parts.run(virtualServices, b.reconciler.Run)
	parts.run(connectionSync, b.syncer.Run)
}

// set hands over what a configuration says of IPVS as a whole; the services
// come from the pools.
func (b *balance) set(c conf.Config) {
	b.syncer.Want(c.Sync)
	b.reconciler.Timeouts(c.Timeouts)
	if advice := ipvs.TableAdvice(b.size, c.Connections); advice != "" {
		b.log.Warn(advice)
	}
}

// clears are the ways to take away what tandem owns in the kernel, by the part
// that must have ended before, which would put it back: what forwards first,
// what it rests on last.
func (b *balance) clears() []clearing {
	return []clearing{
		{connectionSync, 2 * time.Second, b.syncer.Clear},
		{virtualServices, 3 * time.Second, b.reconciler.Clear},
		{nftablesRules, 2 * time.Second, b.tables.Clear},
		{kernelSettings, time.Second, b.settings.Clear},
	}
}

// clearing is one of them.
type clearing struct {
	part  string
	limit time.Duration
	do    func(context.Context) error
}

// The parts that keep something of the kernel, as they are named in errors.
const (
	kernelSettings  = "kernel settings"
	nftablesRules   = "nftables"
	virtualServices = "IPVS"
	connectionSync  = "connection sync"
)

func (b *balance) close() error { return b.kernel.Close() }

// status shows the reconciler, what forwarding rests on, and the sync daemons.
func (b *balance) status(s *Snapshot, config conf.Config) {
	table := b.reconciler.Snapshot()
	s.IPVS = &IPVSStatus{LastPass: moment(table.Read), Errors: table.Errors, Writes: table.Writes, Repairs: table.Repairs}
	if st := b.settings.Status(); st.Wanted+len(st.Errors) > 0 {
		s.Settings = &SettingsStatus{Wanted: st.Wanted, Kept: st.Kept, Values: st.Settings,
			Waiting: st.Waiting, Missing: st.Missing, Repairs: st.Repairs, Problems: st.Errors}
	}
	if st := b.tables.Status(); st.Rules+len(st.Errors)+len(st.Notes) > 0 {
		s.Rules = &RulesStatus{Rules: st.Rules, Repairs: st.Repairs, Problems: slices.Concat(st.Errors, st.Notes)}
	}
	if advice := ipvs.TableAdvice(b.size, config.Connections); advice != "" {
		s.Warnings = append(s.Warnings, advice)
	}
	c := config.Sync
	if c == nil {
		return
	}
	st := b.syncer.Status()
	s.Sync = &SyncStatus{Interface: c.Interface, SyncID: c.SyncID, Problems: slices.Clone(st.Errors)}
	for _, daemon := range st.Daemons {
		switch daemon.Role {
		case ipvs.SyncMaster:
			s.Sync.Master = true
		case ipvs.SyncBackup:
			s.Sync.Backup = true
		}
	}
	if st.Granted > 0 && st.Granted < c.Settings.SockSize {
		s.Sync.Problems = append(s.Sync.Problems, fmt.Sprintf(
			"sync_sock_size: asked %d, the kernel gave %d; raise net.core.rmem_max and net.core.wmem_max", c.Settings.SockSize, st.Granted))
	}
}
