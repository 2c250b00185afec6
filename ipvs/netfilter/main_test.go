package netfilter

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// network is a namespace of its own with nft(8) in it.
type network struct {
	t  testing.TB
	ns netns.NsHandle
}

// newNetwork makes a namespace that ends with the test. It skips without root,
// without nft(8), and where the kernel has no nftables.
func newNetwork(t testing.TB) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root for a network namespace")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs nft(8) as a witness")
	}
	n := &network{t: t}
	made := make(chan error)
	go func() {
		// The thread is not given back: it ends with this goroutine.
		runtime.LockOSThread()
		var err error
		n.ns, err = netns.New()
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	t.Cleanup(func() { n.ns.Close() })
	if _, err := n.try("nft", "add", "table", "ip", "probe"); err != nil {
		t.Skipf("this kernel has no nftables: %v", err)
	}
	n.run("nft", "delete", "table", "ip", "probe")
	return n
}

// try runs a command in the namespace.
func (n *network) try(command ...string) (string, error) {
	type result struct {
		out string
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(n.ns); err != nil {
			done <- result{"", err}
			return
		}
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		done <- result{string(out), err}
	}()
	r := <-done
	return r.out, r.err
}

func (n *network) run(command ...string) string {
	n.t.Helper()
	out, err := n.try(command...)
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

// keeper is a Keeper for the namespace that logs into the test.
func (n *network) keeper(opt Options) *Keeper {
	opt.NetNS = int(n.ns)
	return New(slog.New(slog.NewTextHandler(testLog{n.t}, nil)), opt)
}

// start runs a Keeper until the test ends.
func (n *network) start(k *Keeper) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx)
	}()
	n.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// pass is one pass that must succeed.
func pass(t testing.TB, k *Keeper, set rules.Ruleset) {
	t.Helper()
	if _, err := k.pass(t.Context(), set); err != nil {
		t.Fatalf("pass: %v", err)
	}
}

// eventually waits for a condition by asking for it.
func eventually(t testing.TB, what string, is func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
		<-tick.C
	}
	return time.Since(start)
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(string(bytes.TrimSpace(p)))
	return len(p), nil
}
