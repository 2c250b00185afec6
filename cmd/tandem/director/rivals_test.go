package director

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// process writes a process into a made-up procfs.
func process(t *testing.T, procfs, pid, cmdline, stat, ns string) {
	t.Helper()
	dir := filepath.Join(procfs, pid)
	if err := os.MkdirAll(filepath.Join(dir, "ns"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"cmdline": cmdline, "stat": stat} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(ns, filepath.Join(dir, "ns/net")); err != nil {
		t.Fatal(err)
	}
}

func TestRivals(t *testing.T) {
	procfs := t.TempDir()
	process(t, procfs, "self", "tandem\x00run", "1 (tandem) R 1", "net:[1]")
	process(t, procfs, "10", "/usr/sbin/keepalived\x00-n", "10 (keepalived) S 1", "net:[1]")
	process(t, procfs, "11", "/usr/sbin/keepalived\x00-n", "11 (keepalived) S 10", "net:[1]")
	process(t, procfs, "12", "keepalived", "12 (keepalived) S 1", "net:[2]")
	process(t, procfs, "13", "/usr/bin/perl\x00/usr/sbin/ldirectord\x00start", "13 (ldi) rectord) S 1", "net:[1]")
	process(t, procfs, "14", "vi\x00a\x00keepalived", "14 (vi) S 1", "net:[1]")
	want := []string{
		"keepalived (pid 10) runs beside tandem: both would change the same addresses and IPVS services; stop one of them",
		"ldirectord (pid 13) runs beside tandem: both would change the same addresses and IPVS services; stop one of them",
	}
	if diff := cmp.Diff(want, rivals(procfs)); diff != "" {
		t.Errorf("rivals (-want +got):\n%s", diff)
	}
}
