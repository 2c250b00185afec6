package conf

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorpus loads every configuration below the folder that TANDEM_CORPUS
// names, and shows with -v what was found. Real files hold errors, so what it
// holds is weak: nothing panics, positions lie in the file, and what loads can
// run. A CHECK.tsv in the folder says what keepalived made of each file.
func TestCorpus(t *testing.T) {
	root := os.Getenv("TANDEM_CORPUS")
	if root == "" {
		t.Skip("set TANDEM_CORPUS to a folder with keepalived.conf files")
	}
	verdicts := keepalivedVerdicts(t, filepath.Join(root, "CHECK.tsv"))
	files, loaded, clean := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".tsv" || filepath.Ext(path) == ".md" {
			return err
		}
		name, _ := filepath.Rel(root, path)
		t.Run(name, func(t *testing.T) {
			cfg, found := Load(path)
			files++
			if !found.Fatal() {
				loaded++
			}
			if found.Count(Fatal)+found.Count(Error) == 0 {
				clean++
			}
			for _, d := range found {
				t.Log(strings.TrimPrefix(d.String(), root+"/"))
			}
			t.Log("keepalived: " + verdicts[name])
			runs(t, cfg, found)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files load, %d of them without an error", loaded, files, clean)
}

// runs holds what every result of a load must fulfil.
func runs(t *testing.T, cfg Config, found Diagnostics) {
	t.Helper()
	if found.Fatal() {
		return
	}
	if err := cfg.VRRP.Validate(); err != nil {
		t.Errorf("the router would refuse this: %v", err)
	}
	keys := make(map[string]bool)
	for _, s := range cfg.Services {
		var want, got []string
		if s.Key != s.Key.Normal() {
			t.Errorf("the key %+v is not in normal form", s.Key)
		}
		for _, c := range s.Checks {
			got = append(got, string(c.Key))
			if keys[string(c.Key)] {
				t.Errorf("two checks have the key %s", c.Key)
			}
			keys[string(c.Key)] = true
		}
		for _, r := range s.Servers {
			want = append(want, r.Checks...)
			if ip := r.Addr.Addr(); ip != ip.Unmap().WithZone("") {
				t.Errorf("the server %s is not in normal form", r.Addr)
			}
		}
		if strings.Join(want, "|") != strings.Join(got, "|") {
			t.Errorf("%s: servers name the checks %q, there are %q", s.Name, want, got)
		}
	}
}

// keepalivedVerdicts reads the exit status and messages of keepalived -t.
func keepalivedVerdicts(t *testing.T, path string) map[string]string {
	t.Helper()
	verdicts := make(map[string]string)
	f, err := os.Open(path)
	if err != nil {
		return verdicts
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if columns := strings.Split(lines.Text(), "\t"); len(columns) >= 4 {
			verdicts[columns[0]] = "rc " + columns[2] + ": " + columns[3]
		}
	}
	return verdicts
}
