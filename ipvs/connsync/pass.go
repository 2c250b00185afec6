package connsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// pass brings settings and daemons to what is wanted and says whether it
// could.
func (s *Syncer) pass(ctx context.Context, want *Config) bool {
	s.load()
	var errs []error
	st := Status{Wanted: want != nil}
	if want == nil {
		errs = s.undo(ctx)
	} else {
		errs = s.establish(ctx, *want, &st)
	}
	daemons, err := s.kernel.Daemons(ctx)
	if err != nil {
		errs = append(errs, err)
	}
	st.Daemons, st.Read = daemons, time.Now()
	st.Settings = s.readSettings()
	st.Errors = s.say(ctx, errs)
	s.mu.Lock()
	s.status = st
	s.mu.Unlock()
	return len(st.Errors) == 0
}

// establish sets the sysctls first, because a daemon reads some of them only
// when it starts, and then starts what does not run.
func (s *Syncer) establish(ctx context.Context, c Config, st *Status) (errs []error) {
	if c.SyncID == 0 {
		return []error{errors.New("sync id 0 would take the messages of any director")}
	}
	before := s.startNow()
	values := c.Settings.values()
	errs = s.giveBack(values)
	missing, setErrs := s.set(values)
	errs = append(errs, setErrs...)
	st.Missing, st.Granted = missing, s.granted(c.Settings.SockSize)

	index, err := interfaceIndex(c.Interface)
	if err != nil {
		return append(errs, err)
	}
	now := s.startNow()
	before.Index, now.Index = index, index
	return append(errs, s.bring(ctx, c.daemons(), before, now)...)
}

// bring stops the daemons that are not as wanted and starts those that are
// missing. Before is what the daemons of somebody else began with, as far as
// can be known.
func (s *Syncer) bring(ctx context.Context, want []ipvs.Daemon, before, now start) (errs []error) {
	have, err := s.kernel.Daemons(ctx)
	if err != nil {
		return []error{err}
	}
	// A daemon keeps the sockets that it opened when it started: there are as
	// many as on that day, their buffers have the size of that day, and when
	// the interface was deleted and made again they are bound to one that is
	// gone.
	began := s.record.Began
	if began == (start{}) {
		began = before
	}
	why := now.since(began)
	old, missing := plan(have, want, why != "")
	s.own()
	for _, d := range old {
		s.log.Warn("stopping a sync daemon to start it anew; connections of the last seconds may not reach the other director",
			"why", cmp.Or(why, "it runs with other parameters"), "role", d.Role, "interface", d.Interface, "syncid", d.SyncID)
		if err := s.kernel.StopDaemon(ctx, d); err != nil && !errors.Is(err, ipvs.ErrNotExist) {
			return append(errs, err)
		}
	}
	if s.record.Began != now {
		s.record.Began = now
		s.save()
	}
	for _, d := range missing {
		if err := s.kernel.StartDaemon(ctx, d); err != nil {
			errs = append(errs, err)
			continue
		}
		s.log.Info("started a sync daemon", "role", d.Role, "interface", d.Interface, "syncid", d.SyncID, "ports", now.Ports)
	}
	return errs
}

// undo stops tandem's daemons and restores the settings that still are what
// it wrote.
func (s *Syncer) undo(ctx context.Context) (errs []error) {
	if s.record.Owned {
		for _, role := range [...]ipvs.Role{ipvs.SyncMaster, ipvs.SyncBackup} {
			if err := s.kernel.StopDaemon(ctx, ipvs.Daemon{Role: role}); err != nil && !errors.Is(err, ipvs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	if errs = append(errs, s.giveBack(nil)...); len(errs) > 0 {
		return errs
	}
	s.record = emptyRecord(s.opt.Epoch)
	clear(s.held)
	if err := s.record.save(s.opt.Record); err != nil {
		return []error{err}
	}
	return nil
}

// own remembers, before the first is started, that both daemons are tandem's.
func (s *Syncer) own() {
	if s.record.Owned {
		return
	}
	s.record.Owned = true
	s.save()
}

func (s *Syncer) load() {
	if s.loaded {
		return
	}
	s.loaded = true
	var err error
	if s.record, err = loadRecord(s.opt.Record, s.opt.Epoch); err != nil {
		s.log.Error("sync settings of before an earlier run are not known and will not be restored", "err", err)
	}
}

func (s *Syncer) save() {
	if err := s.record.save(s.opt.Record); err != nil {
		s.log.Error("remember what sync settings were; after a crash they will not be restored", "err", err)
	}
}

// once says something the first time.
func (s *Syncer) once(key, text string) {
	if !s.warned[key] {
		s.warned[key] = true
		s.log.Warn(text)
	}
}

// say logs each failure when it begins, and that all are over.
func (s *Syncer) say(ctx context.Context, errs []error) []string {
	failing := map[string]bool{}
	for _, err := range errs {
		text := err.Error()
		failing[text] = true
		if !s.failed[text] && ctx.Err() == nil {
			s.log.Error("connections are not synchronised as wanted; trying again", "err", text)
		}
	}
	if len(s.failed) > 0 && len(failing) == 0 {
		s.log.Info("connections are synchronised as wanted again")
	}
	s.failed = failing
	return slices.Sorted(maps.Keys(failing))
}

func interfaceIndex(name string) (int, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("find the sync interface %s: %w", name, err)
	}
	return ifi.Index, nil
}
