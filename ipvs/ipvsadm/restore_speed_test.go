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

// leastRestore is how many times as fast as the original a restore must be at
// least. It is about three times that; what is near both is logged only.
const leastRestore = 5

// timing is one row of what is measured.
type timing struct {
	what  string
	args  []string
	stdin string
	times int // the fastest counts
}

// TestRestoreBesideTheRealOne compares how long both programs take, as
// programs, for 10,000 rules in one boot, and what they print. Only ratios of
// the same minute mean something: how busy this machine is decides the times.
func TestRestoreBesideTheRealOne(t *testing.T) {
	if testing.Short() {
		t.Skip("the original takes seconds")
	}
	b := newBench(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(t.TempDir(), "ipvsadm")
	if err := os.Symlink(self, ours); err != nil {
		t.Fatal(err)
	}
	theirs := b.original.path["ipvsadm"]
	b.reset(t)
	empty := timing{"an empty list, which is the start of the program", []string{"-Ln"}, "", 7}
	startTheirs, startOurs := race(t, theirs, ours, empty, func() {})
	t.Logf("%s: the original %s, ours %s", empty.what, startTheirs.Round(time.Millisecond/10), startOurs.Round(time.Millisecond/10))
	const n = 10_000
	for i, row := range []timing{
		{"restore", []string{"-R"}, rules(n), 1},
		{"list", []string{"-Ln"}, "", 3},
		{"save", []string{"-Sn"}, "", 3},
		{"list with counters", []string{"-Ln", "--stats"}, "", 3},
		{"list with rates", []string{"-Ln", "--rate"}, "", 3},
		{"list with thresholds", []string{"-Ln", "--thresholds"}, "", 3},
		{"list one service", []string{"-Ln", "-t", "10.0.7.1:80"}, "", 7},
	} {
		between := func() {}
		if i == 0 {
			between = func() { b.reset(t) }
		}
		real, mine := race(t, theirs, ours, row, between)
		ratio := real.Seconds() / mine.Seconds()
		t.Logf("%s, %d rules: the original %s, ours %s: %.1f times as fast, %.1f times without the start", row.what, n,
			real.Round(time.Millisecond/10), mine.Round(time.Millisecond/10), ratio, (real-startTheirs).Seconds()/max(mine-startOurs, time.Microsecond).Seconds())
		if i == 0 && ratio < leastRestore {
			t.Errorf("%s: %.1f times as fast as the original, want %d", row.what, ratio, leastRestore)
		}
	}
}

// race runs two programs in turn, some times, and returns the shortest that
// each took. What they print must be the same.
func race(t *testing.T, theirs, ours string, row timing, between func()) (real, mine time.Duration) {
	t.Helper()
	for range row.times {
		one, want := timed(t, theirs, row)
		between()
		other, got := timed(t, ours, row)
		if want != got {
			t.Errorf("%s: the two programs print different tables", row.what)
		}
		if real == 0 {
			real, mine = one, other
		}
		real, mine = min(real, one), min(mine, other)
	}
	return real, mine
}

func timed(t *testing.T, path string, row timing) (took time.Duration, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, row.args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdin = strings.NewReader(row.stdin)
	begun := time.Now()
	b, err := cmd.Output()
	took = time.Since(begun)
	if err != nil {
		t.Fatalf("%s %q: %v", path, row.args, err)
	}
	return took, string(b)
}
