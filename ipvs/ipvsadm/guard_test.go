package ipvsadm

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

// What a running director owns is left to it, except for a manual drain; what
// it does not own is anybody's.
func TestOwnedServicesAreGuarded(t *testing.T) {
	b := newBench(t)
	owned := map[ipvs.Key]bool{}
	req, bad := parse([]string{"-D", "-t", "10.0.0.1:80"}, newNames(t.Context()))
	if bad != nil {
		t.Fatal(bad)
	}
	owned[req.service.Key.Normal()] = true
	const mine = "-t 10.0.0.1:80"
	for _, c := range []struct {
		name, args, stdin string
		prog              string
		status            int
		says              string
	}{
		{"another service", "-A -t 10.0.0.9:80", "", "ipvsadm", 0, ""},
		{"a service that it owns", "-D " + mine, "", "ipvsadm", 1, "owned by the running director"},
		{"forced", "-D " + mine + " --force", "", "ipvsadm", 0, "repairs"},
		{"a drain", "-e " + mine + " -r 10.1.1.1:80 -m -w 0", "", "ipvsadm", 0, "drained by hand"},
		{"a weight of its own", "-e " + mine + " -r 10.1.1.1:80 -m -w 7", "", "ipvsadm", 1, "ipvsadm -e -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w 0"},
		{"a drain that changes the method", "-e " + mine + " -r 10.1.1.1:80 -w 0", "", "ipvsadm", 1, "only a drain"},
		{"everything", "-C", "", "ipvsadm", 1, "10.0.0.1:80 TCP"},
		{"everything, forced", "-C --force", "", "ipvsadm", 0, "forced"},
		{"timeouts", "--set 1 2 3", "", "ipvsadm", 1, "--set"},
		{"a sync daemon", "--start-daemon master --mcast-interface eth0", "", "ipvsadm", 1, "--start-daemon"},
		{"counters", "-Z", "", "ipvsadm", 0, ""},
		{"looking", "-Ln", "", "ipvsadm", 0, ""},
		{"a restore that clears", "", "-A -t 10.0.0.9:80\n", "ipvsadm-restore", 1, "--clear"},
		{"a restore whose last line is done", "-R", "-D " + mine + "\n-A -t 10.0.0.9:80\n", "ipvsadm", 1, "line 1: refused"},
		{"a restore that clears in its midst", "-R", "-C\n-A -t 10.0.0.9:80\n", "ipvsadm", 1, "line 1: refused"},
		{"a restore that is forced", "-R --force", "-D " + mine + "\n-A -t 10.0.0.9:80\n", "ipvsadm", 0, "forced"},
		{"a restore, line by line", "-R", "-A -t 10.0.0.9:80\n-D " + mine + "\n", "ipvsadm", 1, "line 2: refused"},
	} {
		b.reset(t)
		b.ours.run(t, "ipvsadm", strings.Join(seed, "\n"), "-R")
		var out, errs bytes.Buffer
		status := Run(t.Context(), Invocation{
			Name: c.prog, Args: shellWords(c.args), Stdin: strings.NewReader(c.stdin), Stdout: &out, Stderr: &errs,
			Owner: func(context.Context) (map[ipvs.Key]bool, error) { return owned, nil },
		})
		if status != c.status || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: status %d, want %d, and it says %q, want %q", c.name, status, c.status, errs.String(), c.says)
		}
	}
}

// A director that cannot be asked stands in nobody's way.
func TestADirectorThatDoesNotAnswer(t *testing.T) {
	b := newBench(t)
	b.reset(t)
	var out, errs bytes.Buffer
	status := Run(t.Context(), Invocation{
		Name: "ipvsadm", Args: []string{"-A", "-t", "10.0.0.1:80"}, Stdout: &out, Stderr: &errs,
		Owner: func(context.Context) (map[ipvs.Key]bool, error) { return nil, errors.New("no answer") },
	})
	if status != 0 || !strings.Contains(errs.String(), "no answer") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}
