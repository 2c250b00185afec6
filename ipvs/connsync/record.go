package connsync

import (
	"fmt"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
)

// record remembers across a crash what tandem changed, so that a later stop
// can undo it: without it the next start would take its own settings for the
// administrator's.
type record struct {
	Epoch string // boot and network namespace; of another one the rest is void
	// Found and Set are sysctls by name: what they were before tandem, and
	// what it wrote.
	Found, Set map[string]string
	Owned      bool  // the daemons are tandem's
	Began      start // how they were started
}

// start is what a daemon takes with it for life: its sockets, and how many
// (start_sync_thread, set_sock_size in net/netfilter/ipvs/ip_vs_sync.c).
type start struct {
	Index    int    // of the interface
	SockSize string // sync_sock_size
	Ports    string // sync_ports; read when neither daemon runs, and kept while one does
}

func emptyRecord(epoch string) record {
	return record{Epoch: epoch, Found: map[string]string{}, Set: map[string]string{}}
}

// loadRecord reads a record; without a usable file it is an empty one.
func loadRecord(path, epoch string) (record, error) {
	r := emptyRecord(epoch)
	ok, err := recordfile.Load(path, epoch, &r)
	switch {
	case err != nil:
		return emptyRecord(epoch), fmt.Errorf("load earlier sync settings: %w", err)
	case !ok || r.Found == nil || r.Set == nil:
		return emptyRecord(epoch), nil
	}
	return r, nil
}

// empty says that there is nothing to remember.
func (r record) empty() bool { return len(r.Found) == 0 && !r.Owned }

// save replaces the file, or removes that of an empty record.
func (r record) save(path string) (err error) {
	if r.empty() {
		err = recordfile.Remove(path)
	} else {
		err = recordfile.Save(path, r)
	}
	if err != nil {
		return fmt.Errorf("keep earlier sync settings: %w", err)
	}
	return nil
}
