package meaning

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/integration/lab"
)

var update = flag.Bool("update", false, "write the facts of the files anew; with TANDEM_NO_KERNEL=1, for the test kernel keeps no file")

// archived is one testdata/*.txtar: a comment that says what it is about, the
// files of a configuration, "facts" for what its author says that it means, and
// "departs" for the differences to keepalived, which are meant.
type archived struct {
	archive        *txtar.Archive
	conf           string // where its keepalived.conf has been written
	texts          []string
	facts, departs string
}

func each(t *testing.T, test func(t *testing.T, a archived, file string)) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			a := archived{archive: archive, conf: filepath.Join(t.TempDir(), "keepalived.conf")}
			for _, f := range archive.Files {
				switch f.Name {
				case "facts":
					a.facts = string(f.Data)
				case "departs":
					a.departs = string(f.Data)
				default:
					if err := os.WriteFile(filepath.Join(filepath.Dir(a.conf), f.Name), f.Data, 0o644); err != nil {
						t.Fatal(err)
					}
					a.texts = append(a.texts, string(f.Data))
				}
			}
			test(t, a, file)
		})
	}
}

// TestFacts holds what each file means to tandem.
func TestFacts(t *testing.T) {
	each(t, func(t *testing.T, a archived, file string) {
		config, found := load(a.conf)
		if found.Fatal() {
			t.Fatalf("the file is refused:\n%v", found)
		}
		got := ours(config).String()
		if *update {
			kept := slices.DeleteFunc(a.archive.Files, func(f txtar.File) bool { return f.Name == "facts" || f.Name == "departs" })
			a.archive.Files = append(kept, txtar.File{Name: "facts", Data: []byte(got)}, txtar.File{Name: "departs", Data: []byte(a.departs)})
			if err := os.WriteFile(file, txtar.Format(a.archive), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(a.facts, got); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
	})
}

// TestMeaning holds that each file means the same to keepalived, but for what is
// listed in it.
func TestMeaning(t *testing.T) {
	lab.Require(t)
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("keepalived is not installed: integration/install.sh does")
	}
	each(t, func(t *testing.T, a archived, _ string) {
		if got := meant(t, both(t, a.conf, a.texts, func(log string) { t.Fatalf("keepalived does not run this file:\n%s", log) })); got != a.departs {
			t.Errorf("departs (-want +got):\n%s\n-- departs --\n%s", cmp.Diff(a.departs, got), got)
		}
	})
}

func load(path string) (conf.Config, conf.Diagnostics) {
	return conf.Load(path, conf.Options{ConfigID: "peer", Files: conf.Disk{}})
}

// TestCorpus does the same with every file below the folder that TANDEM_CORPUS
// names, and shows with -v which differences there are.
func TestCorpus(t *testing.T) {
	lab.Require(t)
	root := os.Getenv("TANDEM_CORPUS")
	if root == "" {
		t.Skip("set TANDEM_CORPUS to a folder with keepalived.conf files")
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{".tsv", ".md"}, filepath.Ext(path)) {
			return err
		}
		name, _ := filepath.Rel(root, path)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			differences := both(t, path, []string{string(text)}, func(log string) { t.Skipf("keepalived does not run this file:\n%s", log) })
			t.Logf("%d differences", len(differences))
			t.Log(meant(t, differences))
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// both are the differences between what tandem and keepalived make of a file;
// unused ends the test where keepalived runs nothing of it.
func both(t *testing.T, path string, texts []string, unused func(log string)) []difference {
	t.Helper()
	config, found := load(path)
	if found.Fatal() {
		t.Logf("tandem refuses the file:\n%v", found)
	}
	interfaces := interfacesOf(texts...)
	vrrp, log := keepalived(t, "-P", path, interfaces)
	checkers, log2 := keepalived(t, "-C", path, interfaces)
	other, err := theirs(vrrp, checkers)
	if err != nil {
		t.Fatalf("%v in what keepalived said:\n%s%s", err, log, log2)
	}
	if len(other) == 0 {
		unused(log + log2)
	}
	return differ(ours(config), other, found)
}

// differ are the differences, sorted by their keys.
func differ(mine, other facts, found conf.Diagnostics) []difference {
	keys := maps.Clone(mine)
	maps.Copy(keys, other)
	var all []difference
	for key := range keys {
		v, w := mine[key], other[key]
		if strings.HasSuffix(key, " "+inOrder) {
			v, w = shared(v, w), shared(w, v)
		}
		if v != w {
			all = append(all, difference{key, v, w, mine, other, found})
		}
	}
	slices.SortFunc(all, func(a, b difference) int { return strings.Compare(a.key, b.key) })
	return all
}

// shared are the words that the other has too: that an entry of a list is
// missing there is a difference of its own.
func shared(words, other string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(words), func(w string) bool {
		return !slices.Contains(strings.Fields(other), w)
	}), " ")
}

// meant has a line for each difference with its reason; one without is a fault.
func meant(t *testing.T, differences []difference) string {
	t.Helper()
	var b strings.Builder
	for _, d := range differences {
		why := reason(d)
		if why == "" {
			t.Errorf("a difference without a reason: %s", d)
			why = "?"
		}
		fmt.Fprintf(&b, "%s (%s)\n", d, why)
	}
	return b.String()
}
