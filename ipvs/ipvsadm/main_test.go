package ipvsadm

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
)

// asCommand makes the test binary the command itself: the two programs are
// compared as programs.
const asCommand = "TANDEM_TEST_IPVSADM"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(Run(context.Background(), Invocation{
			Name: filepath.Base(os.Args[0]), Args: os.Args[1:],
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		}))
	}
	lab.Main(m)
}
