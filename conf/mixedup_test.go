package conf

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestMixedUpFiles holds for golden files whose lines and words are mixed up what
// TestRoundTrip holds for the files themselves. A fuzzer that knows bytes only
// hardly ever writes a statement of another block, or a second of a kind.
func TestMixedUpFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(archive.Files[0].Data)
		words := append(strings.Fields(text), "0", "1", "255", "99999", "4294967296", "10.0.0.1", "10.0.0.1-9", "2001:db8::1", "on")
		rng := rand.New(rand.NewPCG(4, 2))
		for range 8 {
			src := mixUp(rng, text, words)
			f, found := ReadText("f", []byte(src), Options{})
			if found.Fatal() {
				continue
			}
			runs(t, f.Config(), found)
			if roundTrip(t, f); t.Failed() {
				t.Fatalf("%s mixed up:\n%s", file, src)
			}
		}
	}
}

// mixUp copies and swaps some lines of a text, and puts other words into some.
func mixUp(rng *rand.Rand, text string, words []string) string {
	lines := strings.Split(text, "\n")
	for range 1 + rng.IntN(8) {
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		switch f := strings.Fields(lines[i]); {
		case rng.IntN(3) == 0:
			lines = slices.Insert(lines, i, lines[j])
		case rng.IntN(2) == 0 || len(f) == 0:
			lines[i], lines[j] = lines[j], lines[i]
		default:
			f[rng.IntN(len(f))] = words[rng.IntN(len(words))]
			lines[i] = strings.Join(f, " ")
		}
	}
	return strings.Join(lines, "\n")
}
