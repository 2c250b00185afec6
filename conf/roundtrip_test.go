package conf

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tandem-ha/tandem/conf/syntax"
	"golang.org/x/tools/txtar"
)

// sameMeaning compares what two files mean, not where they say it.
var sameMeaning = cmp.Options{
	cmpopts.IgnoreTypes(syntax.Pos{}),
	cmpopts.IgnoreFields(Config{}, "File"),
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}, netip.AddrPort{}),
	cmpopts.EquateEmpty(),
}

// printed is the effective configuration as text.
func printed(t *testing.T, f *File) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, f.Nodes(), PrintOptions{File: "f", Secrets: true}); err != nil {
		t.Errorf("%v", err)
	}
	return b.String()
}

// effective is the configuration with the names of the interfaces that it uses: an
// old keyword is printed as its successor, and the ranges of a snat_pool have a
// line each.
func effective(f *File) Config {
	c := f.Config()
	var uses []InterfaceUse
	for _, u := range c.Interfaces {
		if !slices.ContainsFunc(uses, func(v InterfaceUse) bool { return v.Name == u.Name }) {
			uses = append(uses, InterfaceUse{Name: u.Name})
		}
	}
	slices.SortFunc(uses, func(a, b InterfaceUse) int { return strings.Compare(a.Name, b.Name) })
	c.Interfaces = uses
	return c
}

// roundTrip holds for a file that loads: what is printed of it loads, means the
// same, and is printed in the same way.
func roundTrip(t *testing.T, f *File) {
	t.Helper()
	text := printed(t, f)
	again, found := ReadText("printed", []byte(text), Options{})
	if found.Fatal() {
		t.Fatalf("what is printed does not load:\n%s\n%s", lines(found), text)
	}
	if diff := cmp.Diff(effective(f), effective(again), sameMeaning); diff != "" {
		t.Errorf("what is printed means something else (-read +printed):\n%s\n%s\n%s", diff, text, lines(found))
	}
	if diff := cmp.Diff(text, printed(t, again)); diff != "" {
		t.Errorf("printed again it differs (-first +again):\n%s\nof\n%s", diff, text)
	}
}

// TestRoundTrip is the property for every golden file.
func TestRoundTrip(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if f, found := ReadText(archive.Files[0].Name, archive.Files[0].Data, Options{}); !found.Fatal() {
				roundTrip(t, f)
			}
		})
	}
}

// FuzzRoundTrip is the property for any text.
func FuzzRoundTrip(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, found := ReadText("f", src, Options{})
		if found.Fatal() {
			return
		}
		if strings.ContainsFunc(string(src), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) {
			t.Skip("without its comments the text could be mostly control characters")
		}
		roundTrip(t, file)
	})
}
