package sysctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	empty := emptyRecord(epoch)
	if path == "" {
		return empty, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("read the record of kernel settings: %w", err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return empty, fmt.Errorf("understand the record of kernel settings %s: %w", path, err)
	}
	for name := range r.Entries {
		if err := check(name); err != nil {
			return empty, fmt.Errorf("understand the record of kernel settings %s: %w", path, err)
		}
	}
	if r.Epoch != epoch || r.Entries == nil {
		return empty, nil
	}
	return r, nil
}

// save replaces the file atomically, or removes that of an empty record. There
// is no fsync: what the record describes does not outlive the boot either.
func (r record) save(path string) error {
	if path == "" {
		return nil
	}
	if len(r.Entries) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the record of kernel settings: %w", err)
		}
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the record of kernel settings: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the record of kernel settings: %w", err)
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("write the record of kernel settings: %w", err)
	}
	return nil
}
