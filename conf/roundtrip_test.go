package conf

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/integration/golden"
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

// TestRoundTrip is the property for every golden file, and for mixtures of it
// with the others, which are always the same ones.
func TestRoundTrip(t *testing.T) {
	m := newMixer(t)
	random := rand.NewChaCha8([32]byte{})
	for name, archive := range golden.Archives(t, "testdata/*.txtar") {
		t.Run(name, func(t *testing.T) {
			for edits := range 10 {
				bytes := make([]byte, editSize*edits)
				random.Read(bytes)
				src := m.mix(archive.Files[0].Data, bytes)
				f, found := ReadText(archive.Files[0].Name, []byte(src), goldenOptions(archive))
				if found.Fatal() {
					continue
				}
				runs(t, f.Config(), found)
				if roundTrip(t, f); t.Failed() {
					t.Fatalf("with %d edits:\n%s", edits, src)
				}
			}
		})
	}
}

// mixer makes new files of the lines and words of the golden ones. Most
// statements mean something only beside others, and a fuzzer that knows bytes
// only hardly ever writes a keyword of another block, or a second of a kind.
type mixer struct {
	lines, words []string // sorted, each once
}

// newMixer takes the lines and words of all golden files, and some values that
// lie at the edges of what a keyword takes.
func newMixer(t testing.TB) mixer {
	t.Helper()
	var m mixer
	for _, archive := range golden.Archives(t, "testdata/*.txtar") {
		text := string(archive.Files[0].Data)
		m.lines = append(m.lines, strings.Split(text, "\n")...)
		m.words = append(m.words, strings.Fields(text)...)
	}
	m.words = append(m.words, "0", "1", "255", "99999", "4294967296", "10.0.0.1", "10.0.0.1-9", "2001:db8::1", "on")
	for _, all := range []*[]string{&m.lines, &m.words} {
		slices.Sort(*all)
		*all = slices.Compact(*all)
	}
	return m
}

// editSize is how many bytes say one edit of a mixture: what is done, where, and
// with which line or word.
const editSize = 4

// mix puts lines of all texts into one, swaps some of its own, writes some twice
// and puts other words into some.
func (m mixer) mix(text, edits []byte) string {
	lines := strings.Split(string(text), "\n")
	for ; len(edits) >= editSize; edits = edits[editSize:] {
		at, which := int(edits[1])*len(lines)/256, int(edits[2])<<8|int(edits[3])
		words := strings.Fields(lines[at])
		switch edits[0] % 4 {
		case 0:
			lines = slices.Insert(lines, at, m.lines[which%len(m.lines)])
		case 1:
			lines = slices.Insert(lines, at, lines[which%len(lines)])
		case 2:
			other := which % len(lines)
			lines[at], lines[other] = lines[other], lines[at]
		case 3:
			if len(words) > 0 {
				words[int(edits[0])/4%len(words)] = m.words[which%len(m.words)]
				lines[at] = strings.Join(words, " ")
			}
		}
	}
	return strings.Join(lines, "\n")
}

// FuzzRoundTrip is the property for any text.
func FuzzRoundTrip(f *testing.F) {
	for _, archive := range golden.Archives(f, "testdata/*.txtar") {
		f.Add(archive.Files[0].Data, []byte(nil))
	}
	m := newMixer(f)
	f.Fuzz(func(t *testing.T, text, edits []byte) {
		src := m.mix(text, edits)
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
