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
	if os.Geteuid() != 0 {
		t.Skip("not root: the test kernel needs it")
	}
	kernel := testkernel.UserMode
	if err := kernel.Installed(); err != nil {
		t.Skip(err)
	}
	if code, err := run(t.Context(), argv, &kernel, t.TempDir(), false); code != 3 || err != nil {
		t.Errorf("in the test kernel: %d, %v; want 3", code, err)
	}
}
