// Package director is the wiring: the one place that knows VRRP, health
// checks, IPVS and the configuration all at once. Each part owns its state on
// a goroutine of its own; the director hands them their wishes, at the start
// and at each reload, and ends them in the order that a handover needs.
package director

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-ha/tandem/cmd/tandem/calm"
	"github.com/tandem-ha/tandem/cmd/tandem/control"
	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/healthcheck/probe"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/bfd/wire"
	"github.com/tandem-ha/tandem/vrrp/link"
	"github.com/tandem-ha/tandem/vrrp/notify/deliver"
	"github.com/tandem-ha/tandem/vrrp/track/watch"
)

// ErrConfig means that the configuration is refused.
var ErrConfig = errors.New("the configuration is refused")

// Options say what to run.
type Options struct {
	Config   string // file
	ConfigID string // what @ID conditions compare with; empty: the host's name up to the first dot
	RunDir   string
	StateDir string
	Version  string
	Log      *slog.Logger
}

// Director is one director. New checks and opens, Run runs.
type Director struct {
	options Options
	log     *slog.Logger
	started time.Time
	lock    *os.File
	claim   net.Listener

	network   *link.Network
	host      *link.Host
	watcher   *link.Watcher
	router    *vrrp.Router
	deliverer *deliver.Deliverer
	tracker   *watch.Watcher
	bfd       *wire.Wire
	marks     *marks
	tenures   *tenures
	inherited bool // the run before was master of something
	runner    *healthcheck.Runner
	pools     *pools
	calm      *calm.Keeper
	control   *control.Server
	moved     chan struct{} // an instance changed its state

	stopping atomic.Bool

	mu      sync.Mutex // guards what follows, which a reload changes and a status reads
	config  conf.Config
	found   conf.Diagnostics // in the files of config
	judged  conf.Diagnostics // with what this host said of them when they were loaded
	loaded  time.Time
	reload  *ReloadStatus
	balance *balance // nil: nothing is balanced, so IPVS was never opened
}

// New reads the configuration and opens what the director needs of the host.
// It changes nothing yet. The error is ErrConfig or ErrHost.
func New(ctx context.Context, o Options) (*Director, error) {
	d := &Director{options: o, log: o.Log, started: time.Now(), moved: make(chan struct{}, 1)}
	reading := NewReading(o.ConfigID)
	file, found := conf.Read(o.Config, reading.Options)
	judged := reading.Judge(file, found)
	d.sayFound(judged)
	if judged.Fatal() {
		return nil, fmt.Errorf("%w: %s", ErrConfig, o.Config)
	}
	d.take(reread{config: file.Config(), found: found, judged: judged}, time.Now())
	if err := privileges(); err != nil {
		return nil, err
	}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// open opens files and sockets, in the order in which they say best what is wrong.
func (d *Director) open(ctx context.Context) error {
	var err error
	if d.lock, err = lockRunDir(d.options.RunDir); err != nil {
		return err
	}
	if d.claim, err = ClaimNamespace(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.options.StateDir, 0o755); err != nil {
		return fmt.Errorf("%w: make state directory: %w; --state-dir names another", ErrHost, err)
	}
	d.runner = healthcheck.NewRunner(probe.New, d.log.With("part", "check"), healthcheck.Options{})
	d.pools = newPools(d.runner, d.log)
	if balances(d.config) || d.leftovers() {
		if d.balance, err = openBalance(ctx, d); err != nil && balances(d.config) {
			return err
		}
		if d.balance != nil {
			if err := d.balance.probe(ctx, d.config); err != nil {
				return fmt.Errorf("%w: %w", ErrHost, err)
			}
		}
	}
	if d.balance != nil {
		d.pools.want = d.balance.reconciler.Want
	}
	d.calm = calm.New(d.log.With("part", "process"))
	d.openVRRP()
	d.control, err = control.Listen(d.options.RunDir, door{d}, d.log)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHost, err)
	}
	return nil
}

// close gives back what open opened; nothing of it is kernel state.
func (d *Director) close() error {
	var errs []error
	if d.balance != nil {
		errs = append(errs, d.balance.close())
	}
	if d.claim != nil {
		errs = append(errs, d.claim.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

// Signals are what can be asked of a running director from outside.
type Signals struct {
	Reload <-chan os.Signal // read the configuration again
	Leave  <-chan os.Signal // end, and leave everything as it is
}

// InterfaceExists tells whether this host has an interface of that name.
func InterfaceExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// Run is the director until ctx ends, which is a stop, or until a part fails.
func (d *Director) Run(ctx context.Context, signals Signals) error {
	parts := newParts()
	for _, warning := range rivals("/proc") {
		d.log.Warn(warning)
	}
	d.log.Info("starting", "version", d.options.Version, "config", d.config.File, "pid", os.Getpid(),
		"instances", len(d.config.VRRP.Instances), "services", len(d.config.Services))

	start := d.config.Notify
	deliver.Script(ctx, d.log, "startup_script", start.Startup, start.StartupTimeout, start.Policy)

	// Services first: when the address arrives, what it leads to is there.
	if d.balance != nil {
		d.balance.start(parts)
		d.balance.rest(d.config, conf.Config{})
		d.balance.set(d.config)
	}
	d.pools.set(d.config.Services)
	parts.run("health checks", d.runner.Run)
	parts.run("pools", d.pools.Run)
	if d.balance != nil {
		d.balance.founded(ctx, 10*time.Second)
	}
	d.calm.Set(calm.Settings(d.config.Process))
	parts.run("process", d.calm.Run)
	d.runVRRP(parts)
	parts.run("control", d.control.Run)
	rereads := &rereader{read: d.reread, asked: signals.Reload, fresh: make(chan reread), log: d.log}
	parts.run("reloads", rereads.Run)
	notify(d.log, "READY=1", "STATUS="+d.summary())

	look := time.NewTicker(lookInterval)
	defer look.Stop()
	watchdog, stopWatchdog := newWatchdog()
	defer stopWatchdog()
	var failure error
	for failure == nil {
		select {
		case <-ctx.Done():
			return d.stop(parts, nil)
		case <-signals.Leave:
			return d.leave(parts)
		case failure = <-parts.failed:
		case fresh := <-rereads.fresh:
			d.Reload(ctx, parts, fresh)
			look.Reset(leaveInterval)
		case <-d.moved:
			notify(d.log, "STATUS="+d.summary())
		case <-look.C:
			d.look()
			look.Reset(lookInterval)
		case <-watchdog:
			d.feed(ctx)
		}
	}
	d.log.Error("a part failed; stopping so that the other director takes over", "error", failure)
	return d.stop(parts, failure)
}

// watch says which interfaces matter, and which addresses are virtual and so
// no interface's own.
func (d *Director) watch(c conf.Config) {
	d.watcher.Watch(interests(c.VRRP))
}

// The record files remember, for this boot, what in the kernel is tandem's.
func (d *Director) recordFile() string     { return filepath.Join(d.options.RunDir, "ipvs.json") }
func (d *Director) syncRecordFile() string { return filepath.Join(d.options.RunDir, "connsync.json") }
func (d *Director) settingsRecordFile() string {
	return filepath.Join(d.options.RunDir, "settings.json")
}

// leftovers tells whether an earlier run has recorded something in IPVS. It
// has to go even when this configuration needs no IPVS.
func (d *Director) leftovers() bool {
	for _, file := range []string{d.recordFile(), d.syncRecordFile(), d.settingsRecordFile()} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}

// fewFound is how many findings of a kind are logged.
const fewFound = 20

// sayFound logs what is wrong with a configuration file. Of many findings, such
// as notes, which are one a service, the first few are enough.
func (d *Director) sayFound(found conf.Diagnostics) {
	levels := [...]slog.Level{conf.Fatal: slog.LevelError, conf.Error: slog.LevelError, conf.Warning: slog.LevelWarn, conf.Note: slog.LevelInfo}
	nouns := [...]string{conf.Fatal: "fatal errors", conf.Error: "errors", conf.Warning: "warnings", conf.Note: "notes"}
	most := [...]int{conf.Fatal: fewFound, conf.Error: fewFound, conf.Warning: fewFound, conf.Note: 10}
	var said [len(levels)]int
	for _, f := range found {
		if said[f.Severity]++; said[f.Severity] <= most[f.Severity] {
			d.log.Log(context.Background(), levels[f.Severity], f.String(), included(f)...)
		}
	}
	for severity, n := range said {
		if n > most[severity] {
			d.log.Log(context.Background(), levels[severity], d.more(n-most[severity], nouns[severity]))
		}
	}
}

// more says of what is left out how to see it.
func (d *Director) more(n int, noun string) string {
	return fmt.Sprintf("%d more %s; tandem check -f %s shows them", n, noun, d.options.Config)
}

// included is the attribute that says where the file of a finding is included.
func included(f conf.Diagnostic) []any {
	if f.Pos.From == nil {
		return nil
	}
	return []any{"included_from", f.Pos.From.Pos.String()}
}

// balances tells whether a configuration needs IPVS at all.
func balances(c conf.Config) bool {
	return len(c.Services) > 0 || c.Sync != nil || c.Timeouts != (ipvs.Timeouts{}) || len(c.Sysctls) > 0
}
