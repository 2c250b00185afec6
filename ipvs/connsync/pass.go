package connsync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
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
	before, _ := s.sys.read("sync_sock_size")
	st.Missing, errs = s.set(c.Settings.values())
	st.Granted = s.granted(c.Settings.SockSize)
	after, _ := s.sys.read("sync_sock_size")

	have, err := s.kernel.Daemons(ctx)
	if err != nil {
		return append(errs, err)
	}
	index, err := interfaceIndex(c.Interface)
	if err != nil {
		return append(errs, err)
	}
	// A daemon keeps the socket that it opened when it started: its buffer
	// has the size of that day, and when the interface was deleted and made
	// again it is bound to one that is gone.
	began := s.record.Began
	if began == (start{}) {
		began = start{Index: index, SockSize: before} // as far as can be known
	}
	now := start{Index: index, SockSize: after}
	old, missing := plan(have, c.daemons(), began != now)
	s.own()
	for _, d := range old {
		s.log.Info("stopping a sync daemon to start it anew", "role", d.Role, "interface", d.Interface, "syncid", d.SyncID)
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
		s.log.Info("started a sync daemon", "role", d.Role, "interface", d.Interface, "syncid", d.SyncID)
	}
	return errs
}

// set writes the sysctls that differ and remembers what they were before. It
// returns the names of those that do not exist.
func (s *Syncer) set(values map[string]string) (absent []string, errs []error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		now, err := s.sys.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			absent = append(absent, name)
			s.once("missing "+name, "this kernel or namespace has no net.ipv4.vs."+name+"; its default holds")
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("read net.ipv4.vs.%s: %w", name, err))
			continue
		case now == values[name]:
			s.held[name] = now
			continue
		}
		if s.held[name] == values[name] {
			s.log.Warn("somebody else changed a sync setting; repairing", "sysctl", name, "from", now, "to", values[name])
		}
		delete(s.held, name)
		if _, ok := s.record.Set[name]; !ok {
			s.record.Found[name] = now
		}
		if s.record.Set[name] != values[name] {
			s.record.Set[name] = values[name]
			s.save() // before the kernel hears of it
		}
		if err := s.sys.write(name, values[name]); err != nil {
			errs = append(errs, err)
			continue
		}
		s.held[name] = values[name]
	}
	return absent, errs
}

// granted says how much of the socket buffer there really is.
func (s *Syncer) granted(size int) int {
	got, err := grantedSockSize(size)
	if err != nil {
		s.once("granted", fmt.Sprintf("whether sync_sock_size is granted cannot be told: %v", err))
		return 0
	}
	if got < size {
		s.once(fmt.Sprint("granted ", size, got), fmt.Sprintf("sync_sock_size: asked %d, the kernel gave %d; "+
			"raise net.core.rmem_max and net.core.wmem_max, or bursts of connections are lost on the way to the other director", size, got))
	}
	return got
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
	for _, name := range slices.Sorted(maps.Keys(s.record.Found)) {
		if now, err := s.sys.read(name); err != nil || now != s.record.Set[name] {
			continue
		}
		if err := s.sys.write(name, s.record.Found[name]); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	s.record = emptyRecord(s.opt.Epoch)
	clear(s.held)
	if s.opt.Record == "" {
		return nil
	}
	if err := os.Remove(s.opt.Record); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []error{fmt.Errorf("remove the record of sync settings: %w", err)}
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

func (s *Syncer) readSettings() Settings {
	values := DefaultSettings.values()
	for name := range values {
		values[name], _ = s.sys.read(name)
	}
	return settings(values)
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
