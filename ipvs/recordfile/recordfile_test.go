package recordfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
)

type record struct {
	Epoch string `json:",omitempty"`
	Found map[string]string
}

var some = record{Epoch: "boot 1", Found: map[string]string{"sync_ports": "1"}}

func TestASavedRecordIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.json")
	for _, want := range []record{some, {Epoch: "boot 1"}, {}} {
		if err := recordfile.Save(path, want); err != nil {
			t.Fatal(err)
		}
		var got record
		if ok, err := recordfile.Load(path, want.Epoch, &got); !ok || err != nil {
			t.Errorf("load %+v: %t, %v", want, ok, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v; want the record only", entries, err)
	}
	for range 2 { // One that is gone already is as wanted.
		if err := recordfile.Remove(path); err != nil {
			t.Error(err)
		}
	}
	if ok, err := recordfile.Load(path, "", &record{}); ok || err != nil {
		t.Errorf("load what was removed: %t, %v", ok, err)
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	for _, c := range []struct{ name, content, says string }{
		{"another boot", `{"Epoch":"boot 0","Found":{"sync_ports":"9"}}`, ""},
		{"another boot, whose record was of another form", `{"Epoch":"boot 0","Found":[]}`, ""},
		{"no epoch", `{"Found":{}}`, ""},
		{"empty", "", "understand the record"},
		{"junk", "binary \x00 junk", "understand the record"},
		{"half of one", `{"Epoch":"boot 1","Found":{"sync_`, "understand the record"},
		{"another form", `{"Epoch":"boot 1","Found":[]}`, "understand the record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "some.json")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			ok, err := recordfile.Load(path, "boot 1", &record{})
			switch {
			case ok:
				t.Error("it is one")
			case (err != nil) != (c.says != ""):
				t.Errorf("the error is %v, want %q", err, c.says)
			case err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path)):
				t.Errorf("%v: it lacks %q or the path", err, c.says)
			}
		})
	}
}

func TestNoPathIsNoFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := recordfile.Save("", some); err != nil {
		t.Error(err)
	}
	if ok, err := recordfile.Load("", "boot 1", &record{}); ok || err != nil {
		t.Errorf("load: %t, %v", ok, err)
	}
	if err := recordfile.Remove(""); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

// A record that cannot be written leaves the old one, and nothing beside it.
func TestAFailureKeepsTheOldRecord(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "some.json")
	if err := recordfile.Save(path, some); err != nil {
		t.Fatal(err)
	}
	if err := recordfile.Save(path, func() {}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a function was saved: %v", err)
	}
	if ok, err := recordfile.Load(path, "boot 1", &record{}); !ok || err != nil {
		t.Errorf("the old one: %t, %v", ok, err)
	}

	taken := filepath.Join(dir, "taken")
	if err := os.Mkdir(taken, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := recordfile.Save(taken, some); err == nil {
		t.Error("a directory was replaced")
	}
	if err := recordfile.Save(filepath.Join(dir, "none", "some.json"), some); err == nil {
		t.Error("a directory was made")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the directory has %v, %v; want the record and what was there", entries, err)
	}
	if _, err := recordfile.Load(taken, "boot 1", &record{}); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("a directory was read: %v", err)
	}
}
