package director

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
	"github.com/tandem-ha/tandem/vrrp"
)

const (
	// tenureInterval is how often it is noted what this director is master of.
	tenureInterval = time.Second
	// proven is how long a run must have lasted until its death is taken for
	// an accident. What dies sooner may die of being master, and shall not be
	// again at once.
	proven = time.Minute
)

// tenures note what this director is master of, so that the next run goes on
// in its place: after a leave, and after a crash that the other director cannot
// have noticed yet.
type tenures struct {
	file   string
	router *vrrp.Router
	log    *slog.Logger
	began  time.Time
	failed bool // and said so
}

// tenuresRecord is the file. The run directory, where it is, goes with the boot.
type tenuresRecord struct {
	Epoch   string        `json:"epoch"`
	Tenures []vrrp.Tenure `json:"tenures"`
}

const tenuresEpoch = "1"

// newTenures gives the router the tenures of the run before.
func newTenures(runDir string, router *vrrp.Router, log *slog.Logger) (t *tenures, inherited bool) {
	t = &tenures{file: filepath.Join(runDir, "tenures.json"), router: router, log: log, began: time.Now()}
	var record tenuresRecord
	found, err := recordfile.Load(t.file, tenuresEpoch, &record)
	if err != nil {
		log.Warn("what the run before was master of is not known; it starts as a backup", "error", err)
	}
	if err != nil || !found {
		return t, false
	}
	router.Inherit(record.Tenures)
	return t, len(record.Tenures) > 0
}

// Run notes the tenures until the context ends. What they were at a leave
// stays, and a stop has none.
func (t *tenures) Run(ctx context.Context) error {
	t.write(nil) // Those of the run before are used up.
	tick := time.NewTicker(tenureInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			t.write(t.router.Tenures())
			return nil
		case <-tick.C:
			if time.Since(t.began) > proven {
				t.write(t.router.Tenures())
			}
		}
	}
}

func (t *tenures) write(list []vrrp.Tenure) {
	err := recordfile.Save(t.file, tenuresRecord{tenuresEpoch, list})
	if err != nil && !t.failed {
		t.log.Warn("what this director is master of cannot be written; a restart will be a failover", "error", err)
	}
	t.failed = err != nil
}
