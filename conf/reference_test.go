package conf

import (
	"bufio"
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/golden"
)

// TestReference holds KEYWORDS.md to the tables. With -update it is written anew
// (make docs).
func TestReference(t *testing.T) {
	var want bytes.Buffer
	if err := Reference(&want); err != nil {
		t.Fatal(err)
	}
	const file = "KEYWORDS.md"
	if golden.Update() {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("KEYWORDS.md is not what the tables say: run make docs")
	}
}

// TestReferenceLinks holds that every link leads to a heading, and every heading
// has one.
func TestReferenceLinks(t *testing.T) {
	var b strings.Builder
	if err := Reference(&b); err != nil {
		t.Fatal(err)
	}
	headings := make(map[string]int)
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(b.String(), -1) {
		headings[anchor(m[1])]++
	}
	linked := make(map[string]bool)
	for _, m := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(b.String(), -1) {
		linked[m[1]] = true
		if headings[m[1]] != 1 {
			t.Errorf("the link to %q leads to %d headings", m[1], headings[m[1]])
		}
	}
	for h := range headings {
		if !linked[h] {
			t.Errorf("no link leads to %q", h)
		}
	}
}

// TestEveryKeywordIsExplained holds that every row says what it does and, where
// it takes a value, what it is without it.
func TestEveryKeywordIsExplained(t *testing.T) {
	for _, c := range chapters() {
		for _, k := range c.table.keywords() {
			where := c.heading + ": " + k.name
			if meaning(k) == "" {
				t.Errorf("%s has no effect text", where)
			}
			if (k.effects == inert || k.effects == departs || k.effects == gone) && k.why == "" {
				t.Errorf("%s is %s, and does not say why", where, k.effects)
			}
			switch {
			case k.args == "" || k.shape().braces || k.shape().max < 0 || k.alias != "" || k.effects == gone:
			case c.defaultOf(k) == "":
				t.Errorf("%s has no default", where)
			}
		}
	}
}

// keepalivedKeywords reads testdata/keywords.txt: the keywords of each block.
func keepalivedKeywords(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/keywords.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known := make(map[string][]string)
	block := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			known[block] = append(known[block], strings.Fields(line)...)
		default:
			block = strings.TrimSuffix(line, ":")
		}
	}
	return known
}

// TestEveryKeywordOfKeepalivedIsKnown holds the tables to be complete, and what
// keepalived does not know to be called our own.
func TestEveryKeywordOfKeepalivedIsKnown(t *testing.T) {
	known := keepalivedKeywords(t)
	for _, include := range known["the language"] {
		_, found := Parse("f", []byte(include+" none.conf\n"))
		for _, d := range found {
			if strings.Contains(d.Message, "unknown keyword") {
				t.Errorf("%v", d)
			}
		}
	}
	delete(known, "the language")
	for _, l := range lineOptions() {
		var b strings.Builder
		l.write(&b)
		words := strings.FieldsFunc(b.String(), func(r rune) bool { return strings.ContainsRune(" \n`|[],;()", r) })
		for _, name := range known[l.heading] {
			if !slices.Contains(words, name) {
				t.Errorf("%s do not know %s", l.heading, name)
			}
		}
		delete(known, l.heading)
	}
	for block, names := range known {
		chapters := slices.DeleteFunc(chapters(), func(c chapter) bool { return c.table.title() != block })
		if len(chapters) == 0 {
			t.Errorf("there is no block %s", block)
		}
		for _, name := range names {
			if !slices.ContainsFunc(chapters, func(c chapter) bool { return keywordOf(c.table, name).name != "" }) {
				t.Errorf("%s does not know %s", block, name)
			}
		}
		for _, c := range chapters {
			for _, k := range c.table.keywords() {
				if listed := slices.Contains(names, k.name); listed == k.ours && k.effects != gone {
					t.Errorf("%s: %s is known to keepalived: %v, and said to be tandem's own: %v", c.heading, k.name, listed, k.ours)
				}
			}
		}
	}
}
