package conf

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/integration/golden"
)

func TestDiagnosticString(t *testing.T) {
	tests := []struct {
		name string
		d    Diagnostic
		want string
	}{
		{"with a hint", Diagnostic{Pos: syntax.Pos{File: "a.conf", Line: 3, Col: 7}, Severity: Error, Message: "no", Hint: "yes"}, "a.conf:3:7: error: no (yes)"},
		{"of the whole file", Diagnostic{Pos: syntax.Pos{File: "a.conf"}, Severity: Fatal, Message: "no", Hint: ""}, "a.conf: fatal: no"},
		{"of a severity that there is not", Diagnostic{Pos: syntax.Pos{File: "a.conf"}, Severity: 9, Message: "no", Hint: ""}, "a.conf: ?: no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.d.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewErrors(t *testing.T) {
	at := func(line int32, s Severity, message string) Diagnostic {
		return Diagnostic{Pos: syntax.Pos{File: "f", Line: line, Col: 1}, Severity: s, Message: message}
	}
	twice := func(line int32, first syntax.Pos) Diagnostic {
		d := at(line, Error, "")
		d.See, d.Message = first, "a is defined already, in "+first.LineFrom(d.Pos)
		return d
	}
	tests := []struct {
		name                 string
		fresh, running, want Diagnostics
	}{
		{"nothing found", nil, nil, nil},
		{"an error that was there moves down", Diagnostics{at(9, Error, "a")}, Diagnostics{at(3, Error, "a")}, nil},
		{"an error that names a line that moves down", Diagnostics{twice(9, syntax.Pos{File: "f", Line: 8})}, Diagnostics{twice(3, syntax.Pos{File: "f", Line: 2})}, nil},
		{"an error that names a line that moves to another file", Diagnostics{twice(9, syntax.Pos{File: "b.conf", Line: 8})}, Diagnostics{twice(9, syntax.Pos{File: "f", Line: 2})}, nil},
		{"an error about another line 2", Diagnostics{at(9, Error, "a takes line 2")}, Diagnostics{at(9, Error, "a takes line 1")}, Diagnostics{at(9, Error, "a takes line 2")}},
		{"an error that was not there", Diagnostics{at(9, Error, "b")}, Diagnostics{at(3, Error, "a")}, Diagnostics{at(9, Error, "b")}},
		{"an error that was a warning", Diagnostics{at(9, Error, "a")}, Diagnostics{at(3, Warning, "a")}, Diagnostics{at(9, Error, "a")}},
		{"the same error once more", Diagnostics{at(1, Error, "a"), at(2, Error, "a")}, Diagnostics{at(1, Error, "a")}, Diagnostics{at(2, Error, "a")}},
		{"a new warning", Diagnostics{at(9, Warning, "b")}, nil, nil},
		{"fatal, whatever was there", Diagnostics{at(9, Fatal, "a")}, Diagnostics{at(9, Fatal, "a")}, Diagnostics{at(9, Fatal, "a")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.fresh.NewErrors(tt.running)); diff != "" {
				t.Errorf("new errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReloadSeesOnlyNewErrors(t *testing.T) {
	const running = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n prioritty 9\n virtual_ipaddress { 192.0.2.1 }\n}\n"
	_, before := Parse("f", []byte(running))
	_, moved := Parse("f", []byte("# a comment\n\n"+running))
	if got := moved.NewErrors(before); got != nil {
		t.Errorf("a comment above makes new errors: %v", got)
	}
	_, worse := Parse("f", []byte(running+"virtual_server nowhere 80 {\n}\n"))
	if got := worse.NewErrors(before); len(got) != 1 || got[0].Pos.Line != 7 {
		t.Errorf("new errors are %v, want the one in line 7", got)
	}
}

// TestReloadKeepsWhatMoves holds for every faulty file of the goldens that two
// lines more at its top are no reason to refuse it.
func TestReloadKeepsWhatMoves(t *testing.T) {
	for name, archive := range golden.Archives(t, "testdata/*.txtar") {
		src, o := archive.Files[0].Data, goldenOptions(archive)
		if strings.HasPrefix(string(src), "\ufeff") {
			continue // A byte order mark is none below the first line.
		}
		_, before := ReadText("f", src, o)
		_, moved := ReadText("f", append([]byte("# a comment\n\n"), src...), o)
		for _, d := range moved.NewErrors(before) {
			if d.Severity != Fatal {
				t.Errorf("%s: a comment above makes a new error: %s", name, d)
			}
		}
	}
}

// TestReloadKeepsWhatIsIncluded holds that a block that moves to a file of its
// own is no reason to refuse the reload, though what is wrong names its place.
func TestReloadKeepsWhatIsIncluded(t *testing.T) {
	const block = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress { 192.0.2.1 }\n}\n"
	_, before := Parse("f", []byte(block+block))
	o := Options{Files: golden.FilesOf([]txtar.File{{Name: "b.conf", Data: []byte(block)}})}
	_, after := ReadText("f", []byte("include b.conf\n"+block), o)
	if after.Count(Error) != 1 || !strings.Contains(lines(after), "in line 1 of b.conf") {
		t.Errorf("the findings do not name b.conf:\n%s", lines(after))
	}
	if got := after.NewErrors(before); got != nil {
		t.Errorf("a block in a file of its own makes new errors: %v", got)
	}
}

// TestReloadConditions holds that what a condition takes out of the file, or
// into it, is judged as if it was written so.
func TestReloadConditions(t *testing.T) {
	const text = "vrrp_instance A {\n interface eth0\n @lb1 virtual_router_id 51\n @lb2 virtual_router_id 52\n @lb2 prioritty 9\n virtual_ipaddress { 192.0.2.1 }\n}\n"
	_, before := ReadText("f", []byte(text), Options{ConfigID: "lb1"})
	if before.Fatal() {
		t.Fatal(before)
	}
	for _, tt := range []struct {
		id, want string
	}{
		{"lb1", ""},
		{"lb2", "prioritty"},
		{"lb3", "virtual_router_id"},
	} {
		_, found := ReadText("f", []byte(text), Options{ConfigID: tt.id})
		got := lines(found.NewErrors(before))
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("with the config-id %s a reload is refused for %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestMissingInterfaces(t *testing.T) {
	cfg, found := Parse("f", []byte(`global_defs {
    lvs_sync_daemon sync0
}
vrrp_instance A {
    interface eth0
    virtual_router_id 51
    track_interface {
        eth1
    }
    virtual_ipaddress {
        192.0.2.1 dev eth2
        192.0.2.2 dev eth3
    }
}
`))
	if found = withoutAuthNote(found); len(found) > 0 {
		t.Fatal(found)
	}
	got := lines(cfg.MissingInterfaces(func(name string) bool { return name == "eth3" }))
	want := `f:2:21: error: global_defs: lvs_sync_daemon sync0 does not exist on this host: connections are not synchronised until it appears (ip link shows the interfaces there are)
f:5:15: error: vrrp_instance A: interface eth0 does not exist on this host: the instance stays in FAULT until it appears (ip link shows the interfaces there are)
f:8:9: error: vrrp_instance A: track_interface eth1 does not exist on this host: it counts as down until it appears (ip link shows the interfaces there are)
f:11:23: error: vrrp_instance A: dev eth2 does not exist on this host: the address cannot be set until it appears (ip link shows the interfaces there are)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("missing interfaces (-want +got):\n%s", diff)
	}
}

// withoutAuthNote leaves out what is said of nearly every file: that adverts are
// not authenticated.
func withoutAuthNote(ds Diagnostics) Diagnostics {
	return slices.DeleteFunc(slices.Clone(ds), func(d Diagnostic) bool {
		return d.Severity == Note && strings.Contains(d.Message, "not authenticated")
	})
}
