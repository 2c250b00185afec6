package testkernel

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The layout, byte by byte; that a kernel reads it shows with every boot.
func TestArchiveLayout(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.file("/ab", cpioFile, []byte("hello"))
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	header := func(mode, links, size, name string) string {
		zero := "00000000"
		return "070701" + zero + mode + zero + zero + links + zero + size + zero + zero + zero + zero + name + zero
	}
	want := header("00008180", "00000001", "00000005", "00000003") + "ab\x00\x00\x00\x00" + "hello\x00\x00\x00" +
		header("00000000", "00000001", "00000000", "0000000b") + "TRAILER!!!\x00\x00\x00\x00"
	if got := b.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Folders come before what is in them, and once.
func TestArchiveMakesFoldersOnce(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.folder("/dev")
	a.file("/lib/modules/a.ko", cpioFile, nil)
	a.file("/lib/modules/b.ko", cpioFile, nil)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for rest := b.Bytes(); len(rest) > 110; { // A header's length; no entry has content.
		name, _, _ := strings.Cut(string(rest[110:]), "\x00")
		names = append(names, name)
		rest = rest[(110+len(name)+1+3)&^3:]
	}
	want := []string{"dev", "lib", "lib/modules", "lib/modules/a.ko", "lib/modules/b.ko", cpioEnd}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestArchiveKeepsItsFirstError(t *testing.T) {
	full := errors.New("disk full")
	a := newArchive(writerFunc(func([]byte) (int, error) { return 0, full }))
	a.file("/init", cpioProgram, nil)
	if err := a.close(); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

func TestInitramfsNeedsItsModules(t *testing.T) {
	dir := t.TempDir()
	err := writeInitramfs(filepath.Join(dir, "initramfs"), installation{Modules: dir, Release: "6.1"}, nil)
	if err == nil || !strings.Contains(err.Error(), "list of modules") {
		t.Errorf("error %v", err)
	}
}
