package rig

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
)

// BinaryEnv is the environment variable that names the tandem under test. Where
// it is unset, Main builds one; set it to test a binary that is installed.
const BinaryEnv = "TANDEM_TEST_BINARY"

// Main is the start of a TestMain: it makes sure that there is a binary to
// test, and names it to the test kernel too, which gets this environment.
func Main() {
	lab.MaybeInit()
	if os.Getenv(BinaryEnv) != "" {
		return
	}
	binary, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := os.Setenv(BinaryEnv, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// build builds tandem beside the test binary, whose folder the go command
// removes when the tests have run.
func build() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the test binary: %w", err)
	}
	binary := filepath.Join(filepath.Dir(self), "tandem")
	cmd := exec.Command("go", "build", "-o", binary, "github.com/tandem-ha/tandem/cmd/tandem")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // Static: it runs in every kernel and for every user.
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary under test: %w\n%s", err, out)
	}
	return binary, nil
}

// Binary returns the path of the tandem under test.
func Binary() string { return os.Getenv(BinaryEnv) }

// Command templates of directors, for lab.StartDirector.
const (
	// Keepalived runs Debian's in the foreground and logs to its output.
	Keepalived = "keepalived --dont-fork --log-console --log-detail -f {conf}"
	// KeepalivedVRRP runs only its VRRP half, which needs no IPVS.
	KeepalivedVRRP = "keepalived --vrrp --dont-fork --log-console --log-detail -f {conf}"
)

// Tandem returns the command template of the tandem under test.
func Tandem() string {
	return Binary() + " run -f {conf} --run-dir {run} --state-dir {state}"
}

// Uncached runs tests such that the go command does not remember the result: it
// cannot see that the binary under test has changed.
type Uncached struct{ M *testing.M }

// Run runs the tests and removes the log by which their result would be cached.
func (u Uncached) Run() int {
	code := u.M.Run()
	if f := flag.Lookup("test.testlogfile"); f != nil && f.Value.String() != "" {
		_ = os.Remove(f.Value.String()) // Without a log there is nothing to remember.
	}
	return code
}
