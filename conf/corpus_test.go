package conf

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

// TestCorpus loads every configuration below the folder that TANDEM_CORPUS
// names, and shows with -v what was found. Real files hold errors, so what it
// holds is weak: nothing panics, positions lie in the file, what loads can run,
// and what is printed of it means the same. A CHECK.tsv in the folder says what
// keepalived made of each file.
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
			f, found := Read(path, Options{})
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
			runs(t, f.Config(), found)
			if !found.Fatal() {
				roundTrip(t, f)
			}
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
	checks, keys := make(map[string]bool), make(map[ipvs.Key]bool)
	for _, s := range cfg.Services {
		for _, k := range append([]ipvs.Key{s.Key}, s.Also...) {
			if k != k.Normal() {
				t.Errorf("the key %+v is not in normal form", k)
			}
			if keys[k] {
				t.Errorf("two services have the key %s", k)
			}
			keys[k] = true
			if k.FWMark == 0 && k.Addr.Port() == 0 && s.IPVS.Flags&ipvs.Persistent == 0 {
				t.Errorf("the kernel would refuse %s: all ports without persistence", k)
			}
			if k.FWMark == 0 && k.Protocol != ipvs.UDP && s.IPVS.Flags&ipvs.OnePacket != 0 {
				t.Errorf("%s has one-packet scheduling", k)
			}
			if k.Family != s.Key.Family {
				t.Errorf("%s and %s are of two families", s.Key, k)
			}
		}
		if want := s.Key.Family.HostPrefix(); s.IPVS.Granularity == 0 || s.IPVS.Granularity > want {
			t.Errorf("%s has the granularity %d", s.Name, s.IPVS.Granularity)
		}
		var want, got []string
		for _, c := range s.Checks {
			got = append(got, string(c.Key))
			if checks[string(c.Key)] {
				t.Errorf("two checks have the key %s", c.Key)
			}
			checks[string(c.Key)] = true
		}
		backends := len(s.Servers)
		for _, r := range s.Servers {
			want = append(want, r.Checks...)
			accepted(t, cfg, s, r.Addr, r.Dest)
		}
		if s.Sorry != nil {
			backends++
			accepted(t, cfg, s, s.Sorry.Addr, s.Sorry.Dest)
		}
		if strings.Join(want, "|") != strings.Join(got, "|") {
			t.Errorf("%s: servers name the checks %q, there are %q", s.Name, want, got)
		}
		if s.Rules.Key != s.Key || len(s.Rules.Servers) != backends || (len(s.Rules.FullNAT) > 0) != (len(s.Rules.Sources) > 0) {
			t.Errorf("%s: the rules %+v are not those of the service", s.Name, s.Rules)
		}
	}
}

// accepted holds what the kernel wants of a real server (ip_vs_add_dest in
// net/netfilter/ipvs/ip_vs_ctl.c).
func accepted(t *testing.T, cfg Config, s Service, a ipvs.Server, d ipvs.Destination) {
	t.Helper()
	ip := a.Addr()
	switch crosses := ipvs.FamilyOf(ip) != s.Key.Family; {
	case ip != ip.Unmap().WithZone(""):
		t.Errorf("the server %s is not in normal form", a)
	case crosses && (d.Forwarding != ipvs.Tunnel || cfg.Sync != nil):
		t.Errorf("the server %s is of another family than %s", a, s.Key)
	case d.Lower > d.Upper:
		t.Errorf("the server %s has the thresholds %d and %d", a, d.Lower, d.Upper)
	case (d.Tunnel.Type == ipvs.GUE) != (d.Tunnel.Port != 0):
		t.Errorf("the server %s has the tunnel %+v", a, d.Tunnel)
	case d != d.Normal():
		t.Errorf("the destination %+v is not in normal form", d)
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
