package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDisk includes real files: what a pattern matches, and what of it is no
// file to include.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("b.conf", "b", 0o644)
	write("a.conf", "a", 0o644)
	write(".hidden.conf", "h", 0o644)
	write("run.sh", "x", 0o755)
	write("sub/c.conf", "c", 0o644)
	write(".git/d.conf", "d", 0o644)

	globs := []struct {
		name, pattern string
		want          []string
	}{
		{"in the order of their names", "*.conf", []string{"a.conf", "b.conf"}},
		{"hidden ones by name only", ".*.conf", []string{".hidden.conf"}},
		{"nor those in hidden folders", "*/*.conf", []string{"sub/c.conf"}},
		{"a name", "sub/c.conf", []string{"sub/c.conf"}},
		{"a name that is not there", "none.conf", nil},
		{"anything but a", "[!a].conf", []string{"b.conf"}},
	}
	for _, tt := range globs {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Disk{}.Glob(filepath.Join(dir, tt.pattern))
			var got []string
			for _, path := range found {
				got = append(got, strings.TrimPrefix(path, dir+"/"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v, want and got differ (-want +got):\n%s", err, diff)
			}
		})
	}
	if _, err := (Disk{}).Glob("[a"); err == nil {
		t.Error("brackets without an end are a pattern")
	}

	many := filepath.Join(dir, "many")
	for i := range maxMatches + 1 {
		write(fmt.Sprintf("many/%d", i), "", 0o644)
	}
	for _, pattern := range []string{many + "/*", "/*/?/[a-z]/*/*/x"} {
		if _, err := (Disk{}).Glob(pattern); err == nil || !strings.Contains(err.Error(), "matches too many files") {
			t.Errorf("the pattern %s gives the error %v", pattern, err)
		}
	}

	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	reads := []struct{ name, path, want string }{
		{"a file", "a.conf", ""},
		{"a folder", "sub", "it is a directory"},
		{"a program", "run.sh", "it is executable"},
		{"nothing", "none", "no such file or directory"},
		{"a file below a file", "a.conf/x", "not a directory"},
		{"a pipe", "pipe", "it is no regular file"},
		{"a file of the kernel", "../../../../../../../../../../proc/uptime", "it is a file of the kernel, not of a disk"},
		{"a device", "../../../../../../../../../../dev/null", "it is no regular file"},
	}
	for _, tt := range reads {
		t.Run("reads "+tt.name, func(t *testing.T) {
			_, err := Disk{}.Read(filepath.Join(dir, tt.path))
			if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}
