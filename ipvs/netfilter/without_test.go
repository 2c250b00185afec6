package netfilter

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// It runs where the kernel lacks what the rules need, such as User Mode Linux
// as distributions build it, in the namespace of the process.
func TestAKernelWithoutNFTables(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	k := New(slog.New(slog.NewTextHandler(testLog{t}, nil)), Options{})
	if hasNFTables() {
		t.Skip("this kernel has nftables")
	}
	if !k.pass(t.Context(), rules.Ruleset{}) {
		t.Errorf("nothing is wanted, and yet: %v", k.Status().Errors)
	}
	if err := k.Clear(t.Context()); err != nil {
		t.Errorf("nothing to clear, and yet: %v", err)
	}
	k.pass(t.Context(), everythingHere())
	errs := k.Status().Errors
	t.Log(errs)
	if len(errs) == 0 || !strings.Contains(errs[0], "needed for FULLNAT of 192.0.2.80:80 TCP; load ") {
		t.Errorf("errors %q", errs)
	}
}

// hasNFTables asks by making a table where it does no harm: in a namespace of
// its own.
func hasNFTables() bool {
	command := exec.Command("nft", "add", "table", "ip", "probe")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return command.Run() == nil
}
