package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
	"github.com/tandem-ha/tandem/integration/golden"
)

// TestPrintStatus renders each snapshot of testdata/status as people see it.
func TestPrintStatus(t *testing.T) {
	golden.Test(t, "testdata/status/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		var snapshot director.Snapshot
		decoder := json.NewDecoder(bytes.NewReader(archive.Files[0].Data))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&snapshot); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printStatus(&out, snapshot); err != nil {
			t.Fatal(err)
		}
		return []txtar.File{archive.Files[0], {Name: archive.Files[1].Name, Data: out.Bytes()}}
	})
}

func TestExitStatus(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	conf := func(text string) string {
		file := filepath.Join(t.TempDir(), "tandem.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	usable := "vrrp_instance A {\n interface lo0absent\n virtual_router_id 51\n virtual_ipaddress {\n 192.0.2.1\n }\n}\n"
	tests := []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no command prints the help", nil, 0, "Available Commands"},
		{"an unknown command is a usage error", []string{"fly"}, exitUsage, "unknown command"},
		{"an unknown flag is a usage error", []string{"status", "--fly"}, exitUsage, "unknown flag"},
		{"version", []string{"version"}, 0, "tandem "},
		{"status without a director", []string{"status"}, exitFailed, "no tandem is running"},
		{"check of a missing file", []string{"check", "-f", "/nowhere/tandem.conf"}, exitFailed, "/nowhere/tandem.conf"},
		{"check of a file without -f", []string{"check", "/nowhere/tandem.conf"}, exitFailed, "/nowhere/tandem.conf"},
		{"check of a folder", []string{"check", "-f", "/"}, exitFailed, "directory"},
		{"check of an unusable file", []string{"check", "-f", conf("vrrp_instance A {\n interface eth0\n}\n")}, exitFailed, "virtual_router_id"},
		{"check of a usable file with an error", []string{"check", "-f", conf(usable)}, 0, "lo0absent does not exist"},
		{"strict check of a usable file with an error", []string{"check", "--strict", "-f", conf(usable)}, exitHost, "lo0absent does not exist"},
		{"run with a missing file", []string{"run", "-f", "/nowhere/tandem.conf"}, exitFailed, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			root := rootCommand()
			root.SetArgs(tt.args)
			root.SetOut(&out)
			root.SetErr(&out)
			err := root.ExecuteContext(t.Context())
			if got := status(err); got != tt.status {
				t.Errorf("exit status %d, want %d (%v)", got, tt.status, err)
			}
			said := out.String()
			if err != nil {
				said += err.Error()
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("it said %q, want %q in it", said, tt.says)
			}
		})
	}
}

func TestDefaultsFollowSystemd(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", "/run/a:/run/b")
	t.Setenv("STATE_DIRECTORY", "")
	if got := defaultRunDir(); got != "/run/a" {
		t.Errorf("run dir %q", got)
	}
	if got := defaultStateDir(); got != "/var/lib/tandem" {
		t.Errorf("state dir %q", got)
	}
}

func TestTheUnitNamesWhatExists(t *testing.T) {
	unit, err := os.ReadFile("tandem.service")
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, want := range []string{"Type=notify", "tandem run", "RestartPreventExitStatus=1 2 64", "RuntimeDirectoryPreserve=yes"} {
		if !bytes.Contains(unit, []byte(want)) {
			t.Errorf("the unit lacks %s", want)
		}
	}
}

// TestTheUnitLeavesScriptsAlone: what runs under keepalived's unit runs under
// ours, wherever it is and whatever it writes.
func TestTheUnitLeavesScriptsAlone(t *testing.T) {
	unit, err := os.ReadFile("tandem.service")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(unit)) {
		for _, never := range []string{"Protect", "Private", "ReadOnly", "Inaccessible", "NoNewPrivileges"} {
			if strings.HasPrefix(line, never) {
				t.Errorf("scripts would not find what they need: %s", line)
			}
		}
	}
	if !strings.Contains(string(unit), "\nKillMode=mixed\n") {
		t.Error("SIGTERM would end the scripts before they have told of the stop")
	}
}
