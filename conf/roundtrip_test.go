package conf

import (
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
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

// goldenTexts are the configurations of the golden files.
func goldenTexts(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, archive.Files[0].Data)
	}
	return texts
}

// mix puts lines of other texts into one: each three bytes of edits are a place
// and a line. Most statements mean something only beside others, and changed
// bytes hardly ever make a keyword of another one.
func mix(text []byte, all []string, edits []byte) string {
	lines := strings.Split(string(text), "\n")
	for ; len(edits) >= 3; edits = edits[3:] {
		at := int(edits[0]) * len(lines) / 256
		lines = slices.Insert(lines, at, all[(int(edits[1])<<8|int(edits[2]))%len(all)])
	}
	return strings.Join(lines, "\n")
}

// linesOf are the different lines of texts.
func linesOf(texts [][]byte) []string {
	var all []string
	for _, text := range texts {
		all = append(all, strings.Split(string(text), "\n")...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestRoundTripOfMixtures is the property for the golden files with lines of
// each other, always the same ones.
func TestRoundTripOfMixtures(t *testing.T) {
	texts := goldenTexts(t)
	all := linesOf(texts)
	random := rand.NewChaCha8([32]byte{})
	for i := range 10 * len(texts) {
		edits := make([]byte, 3+3*(i%8))
		random.Read(edits)
		src := mix(texts[i%len(texts)], all, edits)
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			f, found := ReadText("f", []byte(src), Options{})
			if found.Fatal() {
				return
			}
			if roundTrip(t, f); t.Failed() {
				t.Logf("of\n%s", src)
			}
		})
	}
}

// FuzzRoundTrip is the property for any text.
func FuzzRoundTrip(f *testing.F) {
	texts := goldenTexts(f)
	for _, text := range texts {
		f.Add(text, []byte(nil))
	}
	all := linesOf(texts)
	f.Fuzz(func(t *testing.T, text, edits []byte) {
		src := mix(text, all, edits)
		file, found := ReadText("f", []byte(src), Options{})
		if found.Fatal() {
			return
		}
		if strings.ContainsFunc(src, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) {
			t.Skip("without its comments the text could be mostly control characters")
		}
		roundTrip(t, file)
	})
}
