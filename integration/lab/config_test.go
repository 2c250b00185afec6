package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// configs are the configurations of testdata/config.txtar.
var configs = []struct {
	name     string
	mode     Mode
	vips     int
	director Director
	options  ConfigOptions
}{
	{"plain", DR, 1, A, ConfigOptions{AdvertInt: 200 * time.Millisecond}},
	{"nat", NAT, 1, B, ConfigOptions{Scheduler: "wrr", Weights: []int{1, 3}, NoPreempt: true, DelayLoop: 500 * time.Millisecond}},
	{"active-active", TUN, 2, B, ConfigOptions{ActiveActive: true, Check: TCPCheck}},
	{"version 2 unicast", DR, 2, A, ConfigOptions{
		Version: 2, Unicast: true, Password: "secret", NoSync: true,
		Global: "vrrp_garp_master_refresh 60\n", Extra: "static_routes {\n}\n",
	}},
	{"all, dual stack", All, 2, B, ConfigOptions{NoSync: true}},
}

func TestConfig(t *testing.T) {
	golden, err := txtar.ParseFile(filepath.Join("testdata", "config.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range golden.Files {
		want[f.Name] = string(f.Data)
	}
	for _, tt := range configs {
		t.Run(tt.name, func(t *testing.T) {
			got, err := NewPlan(tt.mode, DefaultVIPs(tt.vips)).Config(tt.director, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[tt.name], got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The judge of what keepalived accepts is keepalived.
func TestKeepalivedAcceptsConfig(t *testing.T) {
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("no keepalived: apt-get install keepalived")
	}
	l := newLab(t, Options{})
	for _, tt := range configs {
		t.Run(tt.name, func(t *testing.T) {
			text, err := NewPlan(tt.mode, DefaultVIPs(tt.vips)).Config(tt.director, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "keepalived.conf")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			p, err := l.Director(tt.director).Start(t.Context(), Command{
				Argv:   []string{"keepalived", "--config-test", "-f", file},
				Stderr: &said,
			})
			if err != nil {
				t.Fatal(err)
			}
			if exit := wait(t, p); exit.Code != 0 || said.Len() != 0 {
				t.Errorf("exit %+v:\n%s", exit, said.String())
			}
		})
	}
}

func TestConfigRefusesTheImpossible(t *testing.T) {
	for name, tt := range map[string]struct {
		mode    Mode
		options ConfigOptions
	}{
		"version 2 with a fraction": {DR, ConfigOptions{Version: 2, AdvertInt: 200 * time.Millisecond}},
		"version 4":                 {DR, ConfigOptions{Version: 4}},
		"version 3 with a password": {DR, ConfigOptions{Password: "x"}},
		"active-active in NAT mode": {NAT, ConfigOptions{ActiveActive: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if text, err := NewPlan(tt.mode, nil).Config(A, tt.options); err == nil {
				t.Errorf("accepted:\n%s", text)
			}
		})
	}
}

func TestMasterDown(t *testing.T) {
	p := NewPlan(DR, nil)
	for name, tt := range map[string]struct {
		director   Director
		options    ConfigOptions
		skew, down time.Duration
	}{
		// RFC 9568 section 6.1: skew is (256 - priority) × interval / 256.
		"version 3, b": {B, ConfigOptions{AdvertInt: 256 * time.Millisecond}, 156 * time.Millisecond, 924 * time.Millisecond},
		"version 3, a": {A, ConfigOptions{AdvertInt: 256 * time.Millisecond}, 106 * time.Millisecond, 874 * time.Millisecond},
		// RFC 3768 section 6.1: skew is (256 - priority) / 256 seconds.
		"version 2, b": {B, ConfigOptions{Version: 2, AdvertInt: 2 * time.Second}, 609375 * time.Microsecond, 6609375 * time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			if got := p.Skew(tt.director, tt.options); got != tt.skew {
				t.Errorf("skew %s, want %s", got, tt.skew)
			}
			if got := p.MasterDown(tt.director, tt.options); got != tt.down {
				t.Errorf("master down after %s, want %s", got, tt.down)
			}
		})
	}
}
