// Package calm measures a director that has much to do on a host that is busy,
// beside keepalived in the same run: a thousand instances at ten adverts a
// second, and CPU hogs. The tests judge counts and never time; the figures are
// the benchmarks':
//
//	go test ./integration/calm -run '^$' -bench . -v
//
// Adverts are timed by the kernel of the host that hears them. Only ratios
// within one run mean anything.
package calm

import (
	"os"
	"testing"

	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	if os.Getenv(hogEnv) != "" {
		for n := 0; ; n++ { // until it is killed
		}
	}
	rig.Main()
	os.Exit(rig.Uncached{M: m}.Run())
}
