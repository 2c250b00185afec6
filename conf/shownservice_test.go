package conf

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestServicesPrintedAndLoadedAgain holds for every golden file: the services
// as they are shown mean the same, and showing them again says the same.
func TestServicesPrintedAndLoadedAgain(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, found := ReadText(archive.Files[0].Name, archive.Files[0].Data, Options{})
			if found.Fatal() {
				return
			}
			text := printServices(t, f)
			again, found := ReadText("shown", []byte(text), Options{})
			if diff := cmp.Diff(dump("", reflect.ValueOf(f.config.Services)), dump("", reflect.ValueOf(again.config.Services))); diff != "" {
				t.Errorf("loaded again it is another configuration (-want +got):\n%s\n%s", diff, text)
			}
			if diff := cmp.Diff(text, printServices(t, again)); diff != "" {
				t.Errorf("shown again it is another text (-want +got):\n%s", diff)
			}
			for _, d := range found {
				t.Log(d)
			}
		})
	}
}

// printServices is the text of all services and groups.
func printServices(t *testing.T, f *File) string {
	t.Helper()
	var b strings.Builder
	nodes := append(nodesOf(f.loader.serverGroups...), nodesOf(f.loader.services...)...)
	if err := Print(&b, nodes, PrintOptions{}); err != nil {
		t.Error(err)
	}
	return b.String()
}
