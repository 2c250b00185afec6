// Package golden runs tests over the archives of a folder, each of which holds
// inputs and what is to become of them. The list of the folder is the table of
// the test, and the flag -update writes what became of them anew.
package golden

import (
	"flag"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Update tells whether golden files shall be written instead of compared.
func Update() bool { return *update }

// Archives are those that the pattern matches, by their names without the
// folder and ".txtar". There must be some.
func Archives(t testing.TB, pattern string) iter.Seq2[string, *txtar.Archive] {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files match %s: %v", pattern, err)
	}
	return func(yield func(string, *txtar.Archive) bool) {
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(strings.TrimSuffix(filepath.Base(path), ".txtar"), archive) {
				return
			}
		}
	}
}

// Test runs a test for each archive that the pattern matches, and holds that the
// files it returns are those of the archive.
func Test(t *testing.T, pattern string, test func(t *testing.T, a *txtar.Archive) (got []txtar.File)) {
	t.Helper()
	for name, archive := range Archives(t, pattern) {
		t.Run(name, func(t *testing.T) {
			folder, err := os.Getwd() // A test may go into another one.
			if err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: archive.Comment, Files: test(t, archive)}
			if *update {
				if err := os.WriteFile(filepath.Join(folder, filepath.Dir(pattern), name+".txtar"), txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(archive.Files, got.Files); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
		})
	}
}
