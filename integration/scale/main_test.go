// Package scale measures a table of a thousand services with ten real servers
// each: from the start of a director to the complete table, a reload with one
// change, and a stop, beside keepalived on the same configuration.
//
// The tests judge counts and never time, with a tenth of the services: the table
// is complete, a reload writes exactly what changed, nothing is left behind. The
// figures, medians of runs that alternate on one boot of one kernel, are the
// benchmark's:
//
//	go test ./integration/scale -run '^$' -bench . -v
//
// Only ratios within one run mean anything: the test kernel's speed varies.
package scale

import (
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	rig.Main()
	lab.Main(rig.Uncached{M: m})
}
