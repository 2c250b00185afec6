package connsync

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	empty := emptyRecord(epoch)
	if path == "" {
		return empty, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("read the record of sync settings: %w", err)
	}
	r := emptyRecord(epoch)
	if err := json.Unmarshal(data, &r); err != nil {
		return empty, fmt.Errorf("understand the record of sync settings %s: %w", path, err)
	}
	if r.Epoch != epoch || r.Found == nil || r.Set == nil {
		return empty, nil
	}
	return r, nil
}

// save replaces the file atomically.
func (r record) save(path string) error {
	if path == "" {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the record of sync settings: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the record of sync settings: %w", err)
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("write the record of sync settings: %w", err)
	}
	return nil
}
