package main

import (
	"os"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

func TestMain(m *testing.M) {
	testkernel.MaybeInit()
	os.Exit(m.Run())
}

func TestExitCodePassesThrough(t *testing.T) {
	argv := []string{"sh", "-c", "exit 3"}
	if code, err := direct(t.Context(), argv); code != 3 || err != nil {
		t.Errorf("here: %d, %v; want 3", code, err)
	}
	if _, err := direct(t.Context(), []string{"no-such-command"}); err == nil {
		t.Error("here: no error for a command that does not exist")
	}
	if os.Geteuid() != 0 || !testkernel.Installed() {
		t.Skip("the test kernel needs root and: apt-get install user-mode-linux")
	}
	if code, err := run(t.Context(), argv, t.TempDir(), true, false); code != 3 || err != nil {
		t.Errorf("in the test kernel: %d, %v; want 3", code, err)
	}
}
