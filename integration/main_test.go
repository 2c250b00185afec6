// Package integration holds the black-box tests of the tandem binary: pairs of
// directors in the lab, on a kernel with IPVS (this one where it has it, else
// the test kernel). They judge what happened and how often, never how fast:
// what it costs in time is the drill's to measure.
//
// What needs no IPVS, or a kernel without, is tested in integration/bare.
package integration

import (
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	rig.Main()
	lab.Main(rig.Uncached{M: m})
}

// quick is a pair that elects within a second and checks twice a second.
var quick = lab.ConfigOptions{AdvertInt: 200 * time.Millisecond, DelayLoop: 500 * time.Millisecond, Check: lab.TCPCheck}

// calm is quick for tests that forbid a change of roles: a machine so busy that
// it stands still for a second must not look like a fault of tandem.
var calm = lab.ConfigOptions{AdvertInt: 500 * time.Millisecond, DelayLoop: 500 * time.Millisecond, Check: lab.TCPCheck}
