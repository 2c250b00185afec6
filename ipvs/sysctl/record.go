package sysctl

import (
	"fmt"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
)

// record remembers across a crash what settings were before tandem, so that a
// later stop can give them back: without it the next start would take its own
// values for the administrator's.
type record struct {
	Epoch   string // boot and network namespace; of another one the rest is void
	Entries map[string]entry
}

// entry is one setting that tandem changed or caused to change.
type entry struct {
	Found string // before tandem
	Set   string // by tandem; another value now is somebody else's
	With  string `json:",omitempty"` // the switch that took it along; empty: it was wanted itself
}

func emptyRecord(epoch string) record { return record{Epoch: epoch, Entries: map[string]entry{}} }

// loadRecord reads a record; without a usable file it is an empty one.
func loadRecord(path, epoch string) (record, error) {
	var r record
	ok, err := recordfile.Load(path, epoch, &r)
	if err != nil {
		return emptyRecord(epoch), fmt.Errorf("load earlier kernel settings: %w", err)
	}
	for name := range r.Entries {
		if err := check(name); err != nil { // It is about to become a path.
			return emptyRecord(epoch), fmt.Errorf("understand the record %s: %w", path, err)
		}
	}
	if !ok || r.Entries == nil {
		return emptyRecord(epoch), nil
	}
	return r, nil
}

// save replaces the file, or removes that of an empty record.
func (r record) save(path string) (err error) {
	if len(r.Entries) == 0 {
		err = recordfile.Remove(path)
	} else {
		err = recordfile.Save(path, r)
	}
	if err != nil {
		return fmt.Errorf("keep earlier kernel settings: %w", err)
	}
	return nil
}
