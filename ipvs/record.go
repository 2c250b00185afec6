package ipvs

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
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
	var f recordFile
	ok, err := recordfile.Load(r.path, r.epoch, &f)
	if err != nil {
		return fmt.Errorf("load owned services: %w", err)
	}
	if !ok {
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

// save replaces the file, or removes that of an empty record.
func (r *Record) save() (err error) {
	if r.empty() {
		err = recordfile.Remove(r.path)
	} else {
		err = recordfile.Save(r.path, recordFile{
			Epoch:    r.epoch,
			Services: slices.SortedFunc(maps.Keys(r.owned), Key.Compare),
			Drained:  sortedDrains(r.drain),
			Timeouts: r.timeouts,
		})
	}
	if err != nil {
		return fmt.Errorf("keep owned services: %w", err)
	}
	return nil
}
