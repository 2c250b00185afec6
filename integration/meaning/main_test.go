package meaning

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// TestMain runs the tests where IPVS is: keepalived's checkers do not start
// without.
func TestMain(m *testing.M) { lab.Main(m) }

// keepalived starts the VRRP process ("-P") or the checkers ("-C") with a file
// in a network namespace that has the interfaces, and returns what it logs until
// it has said what it runs.
func keepalived(t *testing.T, process, path string, interfaces []string) (*node, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	script := "ip link set lo up\n"
	for i, name := range interfaces {
		script += fmt.Sprintf("ip link add name %s type dummy 2>/dev/null || true\nip link set %s up multicast on\nip addr add 10.255.%d.1/24 dev %s\n", name, name, i, name)
	}
	pids := t.TempDir()
	script += fmt.Sprintf("exec keepalived -n -l -d %s -f %s -p %s/p -r %s/r -c %s/c --config-id peer", process, path, pids, pids, pids)
	cmd := exec.CommandContext(ctx, "unshare", "-n", "sh", "-ec", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var log watched
	log.stop = func() { cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = &log, &log
	// Its exit status says how it was stopped, and a file without a virtual
	// server ends the checkers at once.
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal("run keepalived:", err)
	}
	if ctx.Err() != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		t.Fatalf("keepalived %s did not end:\n%s", process, log.text.String())
	}
	if !strings.Contains(log.text.String(), "Starting Keepalived") {
		t.Fatalf("keepalived %s was not started:\n%s", process, log.text.String())
	}
	n, err := parseDump(strings.NewReader(log.text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return n, log.text.String()
}

// watched keeps a log, and stops its writer when that begins to say what it
// runs: it is written whole before the signal is looked at.
type watched struct {
	text bytes.Buffer
	stop func()
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if w.stop != nil && said.Match(w.text.Bytes()) {
		w.stop()
		w.stop = nil
	}
	return n, err
}

// said is that keepalived is saying what it runs, or that this is nothing.
var said = regexp.MustCompile(` umask = |no configuration to run`)

var named = regexp.MustCompile(`(?m)(?:^|[\s{])(?:(?:interface|dev|lvs_sync_daemon|lvs_sync_daemon_interface)[ \t]+|\$IF=)"?([A-Za-z][^\s"{}]*)`)
var tracked = regexp.MustCompile(`(?s)track_interface\s*\{(.*?)\}`)

// interfacesOf are the names that a text may mean by an interface.
func interfacesOf(texts ...string) []string {
	var all []string
	add := func(name string) {
		if name != "lo" && !strings.ContainsAny(name, "<>$/;&|'`#!") && len(name) < 16 && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, text := range texts {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
		for _, m := range tracked.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(m[1]) {
				if f := strings.Fields(line); len(f) > 0 {
					add(f[0])
				}
			}
		}
	}
	return all
}
