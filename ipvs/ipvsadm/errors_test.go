package ipvsadm

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// A refusal names what was wrong, not what might have been.
func TestRefusalsNameWhatIsWrong(t *testing.T) {
	b := newBench(t)
	b.reset(t)
	for _, c := range []struct{ name, args, says, not string }{
		{"an unknown engine", "-A -t 10.0.0.1:80 -s rr -p --pe bogus", "ip_vs_pe_bogus", "schedulers"},
		{"an unknown scheduler", "-A -t 10.0.0.1:80 -s bogus", "ip_vs_bogus", "engine not available"},
		{"the run directory too late", "-Ln --run-dir /run/tandem", "before all others", ""},
		{"a bundle with what is unknown", "-A -Q", "-Q", ""},
	} {
		if c.not == "schedulers" && !slices.Contains(kernel.Schedulers(), "rr") {
			t.Logf("%s: this kernel does not tell its schedulers", c.name)
			continue
		}
		o := b.ours.run(t, "ipvsadm", "", shellWords(c.args)...)
		if o.Exit != statusKernel || !strings.Contains(o.stderr, c.says) || c.not != "" && strings.Contains(o.stderr, c.not) {
			t.Errorf("%s: status %d, %q", c.name, o.Exit, o.stderr)
		}
	}
}

// Scripts read the version by its first fields.
func TestVersionBeginsAsTheOriginals(t *testing.T) {
	original := newBench(t).original // Without IPVS it says nothing.
	want, err := exec.CommandContext(t.Context(), original.path["ipvsadm"], "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if status := Run(t.Context(), Invocation{Name: "ipvsadm", Args: []string{"--version"}, Stdout: &got, Stderr: &got}); status != statusOK {
		t.Fatalf("status %d: %s", status, got.String())
	}
	first := func(s string) []string { return strings.Fields(s)[:4] }
	if !slices.Equal(first(string(want)), first(got.String())) || !strings.Contains(got.String(), "tandem") {
		t.Errorf("the original has %q, ours %q", want, got.String())
	}
}
