package ipvsadm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rules are n commands of services with nine servers each.
func rules(n int) string {
	var b strings.Builder
	for i := range n {
		service := fmt.Sprintf("-t 10.%d.%d.1:80", i/10/250, i/10%250)
		if i%10 == 0 {
			fmt.Fprintf(&b, "-A %s -s wrr\n", service)
		} else {
			fmt.Fprintf(&b, "-a %s -r 172.16.%d.%d:8080 -m -w %d\n", service, i/10%250, i%10, i%7)
		}
	}
	return b.String()
}

// TestRestoreBesideTheRealOne logs how long both programs take, as programs,
// for 10,000 rules in one boot, and compares what they leave behind. Times are
// told and not judged: how busy this machine is decides them too.
func TestRestoreBesideTheRealOne(t *testing.T) {
	if testing.Short() {
		t.Skip("the original takes seconds")
	}
	b := newBench(t)
	const n = 10_000
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(t.TempDir(), "ipvsadm")
	if err := os.Symlink(self, ours); err != nil {
		t.Fatal(err)
	}
	text := rules(n)
	timed := func(path, stdin string, args ...string) (time.Duration, string) {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		cmd.Stdin = strings.NewReader(stdin)
		begun := time.Now()
		out, err := cmd.Output()
		took := time.Since(begun)
		if err != nil {
			t.Fatalf("%s %q: %v", path, args, err)
		}
		return took, string(out)
	}
	type figures struct {
		restore, list, save time.Duration
		listed, saved       string
	}
	measure := func(path string) (f figures) {
		f.restore, _ = timed(path, text, "-R")
		f.list, f.listed = timed(path, "", "-Ln")
		f.save, f.saved = timed(path, "", "-Sn")
		return f
	}
	b.reset(t)
	theirs := measure(b.original.path["ipvsadm"])
	b.reset(t)
	mine := measure(ours)
	if theirs.listed != mine.listed || theirs.saved != mine.saved {
		t.Error("the two programs tell different tables")
	}
	for _, row := range []struct {
		what       string
		real, mine time.Duration
	}{{"restore", theirs.restore, mine.restore}, {"list", theirs.list, mine.list}, {"save", theirs.save, mine.save}} {
		t.Logf("%s %d rules: the original %s, ours %s, %.1f times as fast", row.what, n,
			row.real.Round(time.Millisecond), row.mine.Round(time.Millisecond), row.real.Seconds()/row.mine.Seconds())
	}
}
