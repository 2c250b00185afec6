package director

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
	"github.com/tandem-ha/tandem/vrrp"
)

// markInterval is how often the marks are written while something is signed.
const markInterval = time.Second

// marks keep how far signed adverts have been counted, so that the next run
// refuses those that were recorded during this one.
type marks struct {
	file   string
	router *vrrp.Router
	log    *slog.Logger
	failed bool // and said so
}

// marksRecord is the file.
type marksRecord struct {
	Epoch string      `json:"epoch"`
	Marks []vrrp.Mark `json:"marks"`
}

// marksEpoch is the form of the record. It outlives a boot: peers remember us
// longer than this host.
const marksEpoch = "1"

// newMarks gives the router the marks of the run before.
func newMarks(stateDir string, router *vrrp.Router, log *slog.Logger) *marks {
	m := &marks{file: filepath.Join(stateDir, "marks.json"), router: router, log: log}
	var record marksRecord
	found, err := recordfile.Load(m.file, marksEpoch, &record)
	switch {
	case err != nil:
		log.Warn("how far signed adverts were counted is not known; one that was recorded lately may be taken for a new one", "error", err)
	case found:
		router.Restore(record.Marks)
	}
	return m
}

// Run writes the marks until the context ends, and once more then.
func (m *marks) Run(ctx context.Context) error {
	tick := time.NewTicker(markInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			m.write()
			return nil
		case <-tick.C:
			m.write()
		}
	}
}

// write writes the marks, if there are any.
func (m *marks) write() {
	list := m.router.Marks()
	if len(list) == 0 {
		return
	}
	err := recordfile.Save(m.file, marksRecord{marksEpoch, list})
	if err != nil && !m.failed {
		m.log.Warn("how far signed adverts are counted cannot be written; trying again every second", "error", err)
	}
	m.failed = err != nil
}
