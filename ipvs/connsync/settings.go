package connsync

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

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

// giveBack gives every setting but those to keep the value that it had before
// tandem, unless somebody else has changed it since.
func (s *Syncer) giveBack(keep map[string]string) (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(s.record.Found)) {
		if _, kept := keep[name]; kept {
			continue
		}
		if now, err := s.sys.read(name); err == nil && now == s.record.Set[name] {
			if err := s.sys.write(name, s.record.Found[name]); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		delete(s.record.Found, name)
		delete(s.record.Set, name)
		delete(s.held, name)
		s.save()
	}
	return errs
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

// startNow is what a daemon that starts now takes with it, but for the
// interface.
func (s *Syncer) startNow() (now start) {
	now.SockSize, _ = s.sys.read("sync_sock_size") // One that does not exist never changes.
	now.Ports, _ = s.sys.read("sync_ports")
	return now
}

// readSettings reads all settings back, wanted or not.
func (s *Syncer) readSettings() Settings {
	values := Settings{Ports: 1}.values()
	for name := range values {
		values[name], _ = s.sys.read(name)
	}
	return settings(values)
}
