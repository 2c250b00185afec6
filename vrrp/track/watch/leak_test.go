package watch

import (
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// leaves runs a script often, and returns what is logged of it.
func leaves(t *testing.T, path string, runs int, each func(group int)) string {
	t.Helper()
	var log strings.Builder
	s := newScripts(slog.New(slog.NewTextHandler(&log, nil)), func(vrrp.Item, vrrp.ItemState) {})
	e := newEntry(script(path), time.Now())
	for range runs {
		ended := s.start(t.Context(), e.Command, program.Policy{}, longWait)
		if ended.err != nil {
			t.Fatal(ended.err)
		}
		if g := ended.result.Left; g != 0 {
			defer syscall.Kill(-g, syscall.SIGKILL)
			each(g)
		}
		ended.of, e.running = e, true
		e.gate = track.NewGate(e.Script)
		s.end(ended)
	}
	return log.String()
}

// TestScriptLeaks: a script that leaves something running each time is named once.
func TestScriptLeaks(t *testing.T) {
	needRoot(t)
	left := 0
	said := leaves(t, executable(t, "chk", "sleep 600 >/dev/null 2>&1 &"), 2*maxLeft+1, func(int) { left++ })
	if left != 2*maxLeft+1 {
		t.Errorf("something was left %d times", left)
	}
	if n := strings.Count(said, "leaves something running"); n != 1 || !strings.Contains(said, "script=chk") {
		t.Errorf("said %d times: %s", n, said)
	}
}

// TestScriptLeavesNothing: one that is alone, and one whose helper ends.
func TestScriptLeavesNothing(t *testing.T) {
	needRoot(t)
	if said := leaves(t, executable(t, "chk", "sleep 0.01 & wait"), 2*maxLeft, func(int) {}); strings.Contains(said, "leaves") {
		t.Error(said)
	}
	var log strings.Builder
	s := newScripts(slog.New(slog.NewTextHandler(&log, nil)), func(vrrp.Item, vrrp.ItemState) {})
	e := newEntry(script("/chk"), time.Now())
	over := exec.Command("true")
	over.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := over.Run(); err != nil {
		t.Fatal(err)
	}
	for range 2 * maxLeft {
		s.leak(e, over.Process.Pid)
	}
	if log.Len() > 0 || len(e.left) != 1 {
		t.Errorf("%d left: %s", len(e.left), log.String())
	}
}
