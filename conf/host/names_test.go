package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/conf"
)

func TestNames(t *testing.T) {
	usr, etc := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(usr, "rt_tables"):            "255\tlocal\n100 web # of the web servers\n",
		filepath.Join(etc, "rt_tables"):            "#\n# reserved\n0x65 web\n5 # nothing\nfive web\n",
		filepath.Join(etc, "rt_tables.d/own.conf"): "200 own\n",
		filepath.Join(etc, "rt_tables.d/README"):   "300 readme\n",
		filepath.Join(etc, "group"):                "7 uplinks\n",
		filepath.Join(usr, "rt_dsfield"):           "0xb8 EF\n",
	} {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want := conf.Names{
		Tables:    map[string]uint32{"local": 255, "web": 0x65, "own": 200},
		Protocols: map[string]uint32{}, Realms: map[string]uint32{},
		DSFields: map[string]uint32{"EF": 0xb8}, Groups: map[string]uint32{"uplinks": 7},
	}
	if diff := cmp.Diff(want, names([]string{usr, etc, filepath.Join(etc, "none")})); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
