package watch

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

var loadFile = vrrp.Item{Kind: vrrp.File, Name: "load"}

// TestFile follows one file through everything that happens to files.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "load")
	w := watchAll(t, track.Config{Files: []track.File{{Name: "load", Path: path}}})
	steps := []struct {
		what string
		do   func()
		want int
		why  string
	}{
		{"before it is there", func() {}, 0, "it is missing and counts as 0"},
		{"it is made", func() { must(t, os.WriteFile(path, []byte("7\n"), 0o644)) }, 7, "it holds 7"},
		{"it is written", func() { must(t, os.WriteFile(path, []byte("-3"), 0o644)) }, -3, "it holds -3"},
		{"it is replaced", func() { write(t, path, "0x10\n") }, 16, "it holds 16"},
		{"it holds too large a number", func() { write(t, path, "99999999999") }, 16, "it is out of range and counts as 16"},
		{"it holds no number", func() { write(t, path, "down") }, 0, "it is not a number and counts as 0"},
		{"it is moved away and back", func() {
			write(t, path, "8")
			must(t, os.Rename(path, path+".old"))
			must(t, os.Rename(path+".old", path))
		}, 8, "it holds 8"},
		{"it is moved away", func() { must(t, os.Rename(path, path+".old")) }, 0, "it is missing and counts as 0"},
		{"a hard link of another", func() { must(t, os.Link(path+".old", path)) }, 8, "it holds 8"},
		{"it becomes a symbolic link", func() {
			must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
			write(t, filepath.Join(dir, "real", "number"), "5")
			must(t, os.Symlink("real/number", path+".link"))
			must(t, os.Rename(path+".link", path))
		}, 5, "it holds 5"},
		{"what it leads to is written", func() { write(t, filepath.Join(dir, "real", "number"), "6") }, 6, "it holds 6"},
		{"it is removed", func() { must(t, os.Remove(path)) }, 0, "it is missing and counts as 0"},
		{"it is a pipe, which never answers", func() { must(t, unix.Mkfifo(path, 0o600)) }, 0, "it is unreadable and counts as 0"},
		{"its directory is removed", func() { must(t, os.RemoveAll(dir)) }, 0, "it is missing and counts as 0"},
		{"and comes back", func() {
			must(t, os.Mkdir(dir, 0o755))
			write(t, path, "9")
		}, 9, "it holds 9"},
	}
	for _, s := range steps {
		s.do()
		w.await(s.what, loadFile, func(st vrrp.ItemState) bool {
			return st == vrrp.ItemState{Up: s.want == 0, Value: s.want, Detail: s.why}
		})
	}
}

// TestFileWrittenSlowly holds that a file that is emptied before it is written
// does not count as 0 in between.
func TestFileWrittenSlowly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "load")
	write(t, path, "4")
	w := watchAll(t, track.Config{Files: []track.File{{Name: "load", Path: path}}})
	w.await("at the start", loadFile, func(st vrrp.ItemState) bool { return st.Value == 4 })
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	must(t, os.Chmod(path, 0o600)) // An event: it is looked at while it is empty.
	_, err = file.WriteString("5")
	must(t, err)
	must(t, file.Close())
	if st := w.next("written", loadFile); st.Value != 5 {
		t.Errorf("between 4 and 5 it is %+v", st)
	}
	must(t, os.WriteFile(path, nil, 0o644))
	if st := w.next("emptied for good", loadFile); st.Value != 0 || st.Detail != "it is empty and counts as 0" {
		t.Errorf("emptied it is %+v", st)
	}
}

func TestInitFile(t *testing.T) {
	tests := []struct {
		name      string
		holds     string // before; empty: there is no file
		overwrite bool
		want      string
	}{
		{"there is none", "", false, "5\n"},
		{"there is one", "9", false, "9"},
		{"there is one, and it is overwritten", "9", true, "5\n"},
		{"there is none to overwrite", "", true, "5\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "load")
			if tt.holds != "" {
				write(t, path, tt.holds)
			}
			five := 5
			file := track.File{Name: "load", Path: path, Init: &five, Overwrite: tt.overwrite}
			w := watchAll(t, track.Config{Files: []track.File{file}})
			w.next("at the start", loadFile)
			if got := read(t, path); got != tt.want {
				t.Errorf("it holds %q, want %q", got, tt.want)
			}

			// A reload overwrites nothing, not even under another name.
			write(t, path, "3")
			w.await("written", loadFile, func(st vrrp.ItemState) bool { return st.Value == 3 })
			again := file
			again.Name = "again"
			w.Set(track.Config{Files: []track.File{file, again}})
			w.await("reloaded", vrrp.Item{Kind: vrrp.File, Name: "again"}, func(st vrrp.ItemState) bool { return st.Value == 3 })
			if got := read(t, path); got != "3" {
				t.Errorf("after a reload it holds %q", got)
			}
		})
	}
}

// TestInitFileRefuses holds that init_file writes through no link and into no
// device.
func TestInitFileRefuses(t *testing.T) {
	dir := t.TempDir()
	target, link, pipe := filepath.Join(dir, "target"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	write(t, target, "precious")
	must(t, os.Symlink(target, link))
	must(t, unix.Mkfifo(pipe, 0o600))
	zero := 0
	for _, path := range []string{link, pipe} {
		if err := initialise(track.File{Path: path, Init: &zero}, true); err == nil {
			t.Errorf("%s was written", filepath.Base(path))
		}
	}
	if got := read(t, target); got != "precious" {
		t.Errorf("behind the link is %q", got)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// TestFileKeepsState holds that a reload says nothing anew of a file that it does
// not change, and that a file with too large a number begins with 0.
func TestFileKeepsState(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	write(t, one, "1")
	write(t, two, "3000000000")
	files := []track.File{{Name: "one", Path: one}, {Name: "two", Path: two}}
	w := watchAll(t, track.Config{Files: files[:1]})
	w.next("at the start", vrrp.Item{Kind: vrrp.File, Name: "one"})
	w.Set(track.Config{Files: files})
	if got := <-w.told; got.item.Name != "two" || got.state.Value != 0 {
		t.Errorf("the reload says %+v", got)
	}
	if math.MaxInt32 >= 3000000000 {
		t.Error("that is no number out of range")
	}
}
