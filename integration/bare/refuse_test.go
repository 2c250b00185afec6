package bare

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// write makes a file with this text and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "given.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// every byte there is.
func junk() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return strings.Repeat(string(b), 20)
}

// A start that is refused says where and why, ends with exit status 1, and has
// changed nothing.
func TestRefusedConfigurations(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	before := addresses(t, p, lab.A)
	for name, tt := range map[string]struct {
		file func(t *testing.T) string
		want string // Expression; FILE stands for the path.
	}{
		"missing file": {
			func(t *testing.T) string { return filepath.Join(t.TempDir(), "none.conf") },
			`FILE: fatal: .*no such file.*-f`,
		},
		"directory": {
			func(t *testing.T) string { return t.TempDir() },
			`FILE: fatal: .*directory.*-f`,
		},
		"binary junk": {
			func(t *testing.T) string { return write(t, junk()) },
			`FILE:1:\d+: fatal: .*binary`,
		},
		"VRID 0": {
			func(t *testing.T) string { return write(t, strings.Replace(one, "router_id 51", "router_id 0", 1)) },
			`FILE:5:23: fatal: .*virtual_router_id.*1 to 255`,
		},
		"VRID 256": {
			func(t *testing.T) string { return write(t, strings.Replace(one, "router_id 51", "router_id 256", 1)) },
			`FILE:5:23: fatal: .*virtual_router_id.*1 to 255`,
		},
		"no good address": {
			func(t *testing.T) string {
				return write(t, strings.Replace(one, "192.0.2.100/32", "192.0.2.300/32", 1))
			},
			`FILE:10:9: error: .*192\.0\.2\.300.*no IP address`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := tt.file(t)
			process, log := start(t, p, file)
			if exit := wait(t, process); exit.Code != 1 {
				t.Errorf("it ended with %+v, want exit status 1", exit)
			}
			want := strings.ReplaceAll(tt.want, "FILE", regexp.QuoteMeta(file))
			if !regexp.MustCompile(want).MatchString(log.String()) {
				t.Errorf("no match of %s in what it said:\n%s", want, log)
			}
			noPanic(t, log.String())
			if after := addresses(t, p, lab.A); after != before {
				t.Errorf("addresses before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// An error takes away the effect of its own statement, says where it is, and
// lets the rest run: the virtual router still becomes master.
func TestBrokenConfigurationsThatRun(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	before := addresses(t, p, lab.A)
	for name, tt := range map[string]struct {
		text string
		want string // Expression.
	}{
		"unterminated block": {
			one + "vrrp_instance two {\n    interface outside\n    virtual_router_id 52\n    virtual_ipaddress {\n        192.0.2.102/32\n",
			`given\.conf:\d+:\d+: error: .*never closed`,
		},
		"line of 10 MB": {
			one + strings.Repeat("a", 10<<20) + "\n",
			`given\.conf:13:1: error: .*longer than`,
		},
		"bad address beside a good one": {
			strings.Replace(one, "192.0.2.100/32", "192.0.2.100/32\n        192.0.2.x/32", 1),
			`given\.conf:11:9: error: .*192\.0\.2\.x`,
		},
		"the same VRID twice on an interface": {
			one + strings.NewReplacer("one", "two", "2.100", "2.101").Replace(one),
			`given\.conf:\d+:\d+: error: .*51`,
		},
		"unknown keyword": {
			one + "vrrp_instnace three {\n}\n",
			`given\.conf:13:1: error: .*vrrp_instnace.*vrrp_instance`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			process, log := start(t, p, write(t, tt.text))
			p.WaitOwner(t, p.VIP(), "a")
			if !regexp.MustCompile(tt.want).MatchString(log.String()) {
				t.Errorf("no match of %s in what it said:\n%s", tt.want, log)
			}
			if two, err := p.Owners(lab.DefaultVIPs(2)[1]); err != nil || two != "" {
				t.Errorf("the second VIP is at %q (error %v), want nowhere", two, err)
			}
			if err := process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if exit := wait(t, process); exit.Code != 0 {
				t.Errorf("it ended with %+v, want exit status 0", exit)
			}
			noPanic(t, log.String())
			if after := addresses(t, p, lab.A); after != before {
				t.Errorf("addresses before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}
