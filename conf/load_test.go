package conf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/integration/golden"
	"github.com/tandem-ha/tandem/vrrp"
)

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, want string
	}{
		{"a file that is not there", filepath.Join(dir, "none"), ": fatal: read the configuration: no such file or directory (name the file with -f)"},
		{"a directory", dir, ": fatal: read the configuration: it is a directory (name the file within it with -f)"},
		{"a file below a file", filepath.Join(write("plain", ""), "x"), ": fatal: read the configuration: not a directory"},
		{"a device without an end", "/dev/zero", ": fatal: read the configuration: it is larger than 32 MB (is it the right file?)"},
		{"a program", program, ":1:8: fatal: this is not a configuration file: it holds binary data (is it the right file?)"},
		{"UTF-16", write("utf16", "\xff\xfe#\x00"), ": fatal: the file is written in UTF-16 (save it as UTF-8)"},
		{"nothing but braces", write("braces", strings.Repeat("{", 500)), ":1:65: fatal: this is not a configuration file: more than 64 blocks stand within one another"},
		{"a sequence without an end", write("sequence", "~SEQ(N, 1000000000000) x $N "+strings.Repeat("x", 900)+"\n"), ":1:1: fatal: the variables, sequences and included files of this configuration make more than 32 MB of it (does a sequence run too far, or do files include one another over and over?)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, found := Load(tt.path, Options{})
			if cfg.File != "" || cfg.Interfaces != nil {
				t.Errorf("a refused file gave the configuration %+v", cfg)
			}
			for _, d := range found {
				if d.Severity == Fatal {
					if got := strings.TrimPrefix(d.String(), tt.path); got != tt.want {
						t.Errorf("got  %q\nwant %q", got, tt.want)
					}
					return
				}
			}
			t.Errorf("the file is not refused: %v", found)
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, nil, 0o000); err != nil {
		t.Fatal(err)
	}
	_, found := Load(path, Options{})
	if want := path + ": fatal: read the configuration: permission denied (run as root, or give this user the right to read it)"; lines(found) != want+"\n" {
		t.Errorf("got %v, want %s", found, want)
	}
}

func TestLoadAccepts(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, text, want string
	}{
		{"an empty file", "", ": warning: the file is empty\n: warning: there is no vrrp_instance and no virtual_server: nothing to do\n"},
		{"a line of 10 MB", strings.Repeat("priority {", 1<<20), ": warning: there is no vrrp_instance and no virtual_server: nothing to do\n:1:1: error: the line is longer than 1023 bytes and is ignored, braces included (split it)\n"},
		{"a comment of 10 MB", "#" + strings.Repeat("priority {", 1<<20), ": warning: there is no vrrp_instance and no virtual_server: nothing to do\n"},
		{"Windows line ends", "global_defs {\r\n\trouter_id lb1\r\n}\r\n", ": warning: there is no vrrp_instance and no virtual_server: nothing to do\n"},
		{"no newline at the end", "global_defs {\nrouter_id lb1\n}", ": warning: there is no vrrp_instance and no virtual_server: nothing to do\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, "conf")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			cfg, found := Load(path, Options{})
			if got := strings.ReplaceAll(lines(found), path, ""); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			if cfg.File != path {
				t.Errorf("File is %q", cfg.File)
			}
		})
	}
}

func TestPasswordBytes(t *testing.T) {
	for text, want := range map[string]vrrp.Password{
		`s3cret`:     {'s', '3', 'c', 'r', 'e', 't'},
		`0123456789`: {'0', '1', '2', '3', '4', '5', '6', '7'},
		`"a#b c"`:    {'a', '#', 'b', ' ', 'c'},
		`a\#b`:       {'a', '#', 'b'},
		`a#b`:        {'a'},
		`pässword`:   {'p', 0xc3, 0xa4, 's', 's', 'w', 'o', 'r'},
		`$f00ec3`:    {'$', 'f', '0', '0', 'e', 'c', '3'},
		`'quoted'`:   {'\'', 'q', 'u', 'o', 't', 'e', 'd', '\''},
	} {
		cfg, _ := Parse("f", []byte("vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n"+
			"authentication {\nauth_type PASS\nauth_pass "+text+"\n}\n}\n"))
		if got := cfg.VRRP.Instances[0].Auth; got != want {
			t.Errorf("auth_pass %s is % x, want % x", text, [8]byte(got), [8]byte(want))
		}
	}
}

// TestCheckKeysSurviveReload holds that health can be kept: moving blocks and
// adding others leaves the keys of checks as they were.
func TestCheckKeysSurviveReload(t *testing.T) {
	service := func(servers ...string) string {
		return "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n" + strings.Join(servers, "") + "}\n"
	}
	server := func(ip string) string { return "real_server " + ip + " 80 {\nTCP_CHECK {\n}\n}\n" }
	before, _ := Parse("f", []byte(service(server("10.0.0.1"), server("10.0.0.2"))))
	after, _ := Parse("f", []byte(service(server("10.0.0.3"), server("10.0.0.2"), server("10.0.0.1"))))
	keys := func(cfg Config) map[string]string {
		m := make(map[string]string)
		for _, c := range cfg.Services[0].Checks {
			m[c.Spec.Target.String()] = string(c.Key)
		}
		return m
	}
	for target, key := range keys(before) {
		if got := keys(after)[target]; got != key {
			t.Errorf("the check of %s has the key %q after a reload, %q before", target, got, key)
		}
	}
}

// FuzzParse holds for every text: nothing panics, every finding stands in the
// file, in order, and what loads can run.
func FuzzParse(f *testing.F) {
	for _, archive := range golden.Archives(f, "testdata/*.txtar") {
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		cfg, found := Parse("f", src)
		last := syntax.Pos{File: "f"}
		height := strings.Count(string(src), "\n") + 1
		for _, d := range found {
			if d.Pos.File != "f" || int(d.Pos.Line) > height || d.Pos.Compare(last) < 0 {
				t.Errorf("%s stands at a wrong place", d)
			}
			last = d.Pos
		}
		runs(t, cfg, found)
	})
}
