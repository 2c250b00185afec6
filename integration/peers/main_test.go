// Package peers holds tandem beside other implementations of VRRP: in every
// dialect, in either role, through every story that a pair of directors lives.
package peers

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	rig.Main()
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // They wait most of the time.
		panic(err)
	}
	os.Exit(rig.Uncached{M: m}.Run())
}

// need skips where a program of Debian's is not installed.
func need(t *testing.T, program, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("no %s to pair with: apt-get install %s", program, pkg)
	}
}
