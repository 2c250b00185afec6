package ipvs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Record remembers, in a file of the run directory, which services are
// tandem's, which servers were drained by hand, and what the timeouts were. A
// key is written here before the kernel hears of it, so that after a crash the
// next start knows what an earlier run left behind. After a clean stop there is
// no file. The Reconciler that it is given to owns it.
type Record struct {
	path  string
	epoch string
	owned map[Key]bool
	drain map[target]Drain

	timeouts timeoutRecord
}

// target names a server within a service.
type target struct {
	Key    Key
	Server Server
}

// NewRecord is a record in the file path; an empty path keeps it in memory
// only. Epoch names the table that the keys are in, which is one boot of one
// kernel and one network namespace: what was recorded in another epoch is
// void, since that table is gone. The file is read by Load.
func NewRecord(path, epoch string) *Record {
	return &Record{path: path, epoch: epoch, owned: map[Key]bool{}, drain: map[target]Drain{}}
}

// recordFile is the file's content.
type recordFile struct {
	Epoch    string
	Services []Key
	Drained  []Drain
	Timeouts timeoutRecord
}

// Load reads the file. A missing file or one of another epoch is an empty
// record; after an error the record is empty too, and usable.
func (r *Record) Load() error {
	if r.path == "" {
		return nil
	}
	data, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the record of owned services: %w", err)
	}
	var f recordFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("understand the record of owned services %s: %w", r.path, err)
	}
	if f.Epoch != r.epoch {
		return nil
	}
	for _, key := range f.Services {
		r.owned[key.Normal()] = true
	}
	for _, d := range f.Drained {
		r.drain[target{d.Key.Normal(), normalServer(d.Server)}] = d
	}
	r.timeouts = f.Timeouts
	return nil
}

// empty says that there is nothing to remember.
func (r *Record) empty() bool {
	return len(r.owned)+len(r.drain) == 0 && r.timeouts == timeoutRecord{}
}

// save replaces the file atomically, or removes that of an empty record. There is no fsync: the run directory is
// in memory, and what the record describes does not outlive the boot either.
func (r *Record) save() error {
	if r.path == "" {
		return nil
	}
	if r.empty() {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the record of owned services: %w", err)
		}
		return nil
	}
	data, err := json.Marshal(recordFile{
		Epoch:    r.epoch,
		Services: slices.SortedFunc(maps.Keys(r.owned), Key.Compare),
		Drained:  sortedDrains(r.drain),
		Timeouts: r.timeouts,
	})
	if err != nil {
		return fmt.Errorf("encode the record of owned services: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(r.path), filepath.Base(r.path)+".*")
	if err != nil {
		return fmt.Errorf("write the record of owned services: %w", err)
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), r.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("write the record of owned services: %w", err)
	}
	return nil
}
