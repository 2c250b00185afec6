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
	if _, err := k.pass(t.Context(), rules.Ruleset{}); err != nil {
		t.Errorf("nothing is wanted, and yet: %v", err)
	}
	if err := k.Probe(t.Context(), rules.Ruleset{}); err != nil {
		t.Errorf("nothing to probe for, and yet: %v", err)
	}
	probed := k.Probe(t.Context(), everythingHere())
	t.Log(probed)
	for _, family := range []string{"ip", "ip6"} {
		if want := "this kernel has no nftables for " + family + ": needed for FULLNAT of "; probed == nil || !strings.Contains(probed.Error(), want) {
			t.Errorf("Probe: %v, want %q", probed, want)
		}
	}
	if err := k.Clear(t.Context()); err != nil {
		t.Errorf("nothing to clear, and yet: %v", err)
	}
	k.pass(t.Context(), everythingHere())
	errs := k.Status().Errors
	t.Log(errs)
	if all := strings.Join(errs, "\n"); !strings.Contains(all, "FULLNAT of 192.0.2.80:80 TCP, 192.0.2.81:0 UDP and 1 more; marks of fwmark 7; delivery to this host of ") {
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
