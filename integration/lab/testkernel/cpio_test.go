package testkernel

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cpio(1), where it is installed, is the judge of the format.
func TestArchiveIsCpio(t *testing.T) {
	cpio, err := exec.LookPath("cpio")
	if err != nil {
		t.Skip(err)
	}
	var b bytes.Buffer
	a := newArchive(&b)
	a.folder("/dev")
	a.file("/init", cpioProgram, []byte("program"))
	a.file("/lib/modules/6.1/a.ko", cpioFile, []byte("four"))
	a.file("/lib/modules/6.1/b.ko", cpioFile, nil)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), cpio, "--list", "--quiet")
	list.Stdin = bytes.NewReader(b.Bytes())
	got, err := list.Output()
	want := "dev\ninit\nlib\nlib/modules\nlib/modules/6.1\nlib/modules/6.1/a.ko\nlib/modules/6.1/b.ko\n"
	if string(got) != want || err != nil {
		t.Errorf("the archive holds %q, %v; want %q", got, err, want)
	}
}

// The layout, byte by byte, for machines without cpio.
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
	if err == nil || !(strings.Contains(err.Error(), "list of modules") || strings.Contains(err.Error(), "CGO_ENABLED=0")) {
		t.Errorf("error %v", err)
	}
}
