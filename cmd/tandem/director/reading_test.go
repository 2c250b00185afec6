package director

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/conf"
)

// files writes a folder of files and gives its path.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// anInstance runs on an interface that no host has.
func anInstance(lines string) string {
	return "vrrp_instance A {\ninterface eth0absent\nvirtual_router_id 51\nvirtual_ipaddress { 192.0.2.1 }\n" + lines + "\n}\n"
}

// TestAReloadIsRefused holds what a running director does not take, as it would
// at a SIGHUP: it reads the file anew and compares.
func TestAReloadIsRefused(t *testing.T) {
	tests := []struct {
		name          string
		before, after string
		want          string // empty: it is taken
	}{
		{"nothing changed", anInstance(""), anInstance(""), ""},
		{"an error that was there", anInstance("prioritty 9"), "# moved down\n" + anInstance("prioritty 9"), ""},
		{"a new error", anInstance(""), anInstance("prioritty 9"), "prioritty"},
		{"an error that is mended", anInstance("prioritty 9"), anInstance("priority 9"), ""},
		{"a new warning", anInstance(""), anInstance("advert_int 1.5"), ""},
		{"what is fatal", anInstance(""), strings.Replace(anInstance(""), "51", "0", 1), "virtual_router_id"},
		{"an interface that was missing before", anInstance(""), anInstance("priority 9"), ""},
		{"another interface that is missing", anInstance(""), strings.Replace(anInstance(""), "eth0absent", "eth1absent", 1), "eth1absent does not exist"},
		{"a template that gives nothing", anInstance(""), anInstance("mcast_src_ip \"{{ GetInterfaceIP `eth9absent` }}\""), "mcast_src_ip"},
		{"a file that is gone", anInstance(""), "", "no such file"},
		{"a file that was emptied", anInstance(""), "\n", "no vrrp_instance and no virtual_server"},
		{"a file that is for another director", anInstance(""), "@another include part.conf\n", "no vrrp_instance and no virtual_server"},
		{"nothing, where nothing was", "# soon\n", "# later\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(files(t, map[string]string{"tandem.conf": tt.before}), "tandem.conf")
			d := &Director{options: Options{Config: file}}
			running, found := conf.Read(file, NewReading("").Options)
			if found.Fatal() {
				t.Fatal(found)
			}
			d.config, d.found = running.Config(), found
			if tt.after == "" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(file, []byte(tt.after), 0o600); err != nil {
				t.Fatal(err)
			}
			fresh, found := conf.Read(file, NewReading("").Options)
			why := strings.Join(d.refusals(t.Context(), fresh.Config(), found), "\n")
			if tt.want == "" && why != "" || !strings.Contains(why, tt.want) {
				t.Errorf("it is refused for %q, want %q", why, tt.want)
			}
		})
	}
}

// TestAReloadWithoutItsIncludes holds that files that are being moved about do
// not take away what they held.
func TestAReloadWithoutItsIncludes(t *testing.T) {
	part := func(text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, "part.conf"), []byte(text), 0o600) }
	}
	gone := func(dir string) error { return os.Remove(filepath.Join(dir, "part.conf")) }
	tests := []struct {
		name, include string
		change        func(dir string) error
		want          string
	}{
		{"an include that is as it was", "include", part(anInstance("")), ""},
		{"an include that is mended", "include", part(anInstance("priority 9")), ""},
		{"an include that is gone", "include", gone, "there is no file"},
		{"an include that had to be there", "includem", gone, "refused"},
		{"an error in what is included", "include", part(anInstance("prioritty 9")), "part.conf:5:1: error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := files(t, map[string]string{"tandem.conf": tt.include + " part.conf\n", "part.conf": anInstance("")})
			file := filepath.Join(dir, "tandem.conf")
			running, found := conf.Read(file, NewReading("").Options)
			if len(running.Config().VRRP.Instances) != 1 {
				t.Fatal("nothing was included:", found)
			}
			d := &Director{options: Options{Config: file}, config: running.Config(), found: found}
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			fresh, found := conf.Read(file, NewReading("").Options)
			why := strings.Join(d.refusals(t.Context(), fresh.Config(), found), "\n")
			if tt.want == "" && why != "" || !strings.Contains(why, tt.want) {
				t.Errorf("it is refused for %q, want %q", why, tt.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	reading := NewReading("lb9.example")
	if reading.Options.ConfigID != "lb9.example" || reading.Options.Host == nil {
		t.Errorf("it reads with %+v", reading.Options)
	}
	file, found := conf.ReadText("f", []byte(anInstance("")), reading.Options)
	judged := reading.Judge(file, found)
	if judged.Count(conf.Error) != 1 || !strings.Contains(judged[0].Message+judged[len(judged)-1].Message, "eth0absent does not exist") {
		t.Errorf("this host says %v", judged)
	}
	if len(found) >= len(judged) {
		t.Error("what the host says is among what the file says, and would refuse a reload")
	}
	refused, found := conf.ReadText("f", nil, reading.Options)
	if got := reading.Judge(refused, append(found, conf.Diagnostic{Severity: conf.Fatal})); len(got) != len(found)+1 {
		t.Errorf("of a refused file it says %v", got)
	}
}

func TestConfigIDIsTheHosts(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Skip("the host has no name:", err)
	}
	short, _, _ := strings.Cut(name, ".")
	if got := NewReading("").Options.ConfigID; got != short {
		t.Errorf("the id is %q, want %q", got, short)
	}
}
