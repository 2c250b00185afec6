package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// unknown reports a keyword that its block does not have. The statement and
// its block are skipped whole: keepalived reads on inside the block as if its
// lines stood in the block around it, and takes its '}' for the end of that.
func (l *loader) unknown(s *syntax.Statement, block string) {
	what := "it is ignored"
	if s.Braced {
		what = "it and its block are ignored"
	}
	l.errorf(s.Pos, l.suggest(s, block), "unknown keyword %s: %s", quote(s.Keyword()), what)
}

// maxGuesses is how many unknown words of a file are compared with all that
// could be meant. Who misspells more of them has another kind of file.
const maxGuesses = 500

// suggest says what was probably meant: a keyword of the block first, then one
// of another block, then one of another program.
func (l *loader) suggest(s *syntax.Statement, block string) string {
	word := s.Keyword()
	if syntax.OddSpace(word) != 0 {
		return hintFor(word)
	}
	// Whoever pastes the members of a group forgets the block within it.
	const asMember = "write group { %s ... } around the instances"
	member := block == "vrrp_sync_group" && !s.Braced && len(s.Args()) == 0
	if member && cmp.Or(l.known.instances[word], l.known.unbuilt[word]) != nil {
		return fmt.Sprintf(asMember, word)
	}
	if l.guesses++; l.guesses > maxGuesses {
		return ""
	}
	v := l.words()
	here := v.blocks[block]
	if hint := respelled(word, here); hint != "" {
		return hint
	}
	if near := nearest(word, here); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	if v.homes[word] != nil {
		hint := fmt.Sprintf("%s belongs %s", word, v.home(word))
		if s.Braced {
			hint += "; is a } missing above?"
		}
		return hint
	}
	if hint := foreign(word); hint != "" {
		return hint
	}
	if same := alike(word, v.all); same != "" {
		return fmt.Sprintf("did you mean %s, which belongs %s?", same, v.home(same))
	}
	if near := nearest(word, v.all); near != "" {
		return fmt.Sprintf("did you mean %s, which belongs %s?", near, v.home(near))
	}
	if member {
		return fmt.Sprintf(asMember, word)
	}
	return ""
}

// respelled is the hint for a word that is a keyword of the block but for the
// way in which it is written.
func respelled(word string, here []string) string {
	if same := alike(word, here); same != "" {
		return fmt.Sprintf("did you mean %s?", same)
	}
	if bare := strings.TrimRight(word, ":;,="); bare != word && slices.Contains(here, bare) {
		return fmt.Sprintf("write %s without %s", bare, quote(word[len(bare):]))
	}
	if i := strings.IndexAny(word, "=:"); i > 0 && slices.Contains(here, word[:i]) {
		return fmt.Sprintf("write %s, a blank, and the value", word[:i])
	}
	// global_defs has most defaults of instances with vrrp_ before them. Its
	// vrrp_priority is none of them.
	if long := "vrrp_" + word; word != "priority" && slices.Contains(here, long) {
		return fmt.Sprintf("here it is called %s", long)
	}
	if short, ok := strings.CutPrefix(word, "vrrp_"); ok && slices.Contains(here, short) {
		return fmt.Sprintf("here it is called %s", short)
	}
	if meant := synonyms[word]; meant != "" && slices.Contains(here, meant) {
		return fmt.Sprintf("did you mean %s?", meant)
	}
	return ""
}

// alike is the name that differs from word by upper and lower case alone, and by
// what joins its words.
func alike(word string, names []string) string {
	plain := joined.Replace(word)
	for _, name := range names {
		if len(joined.Replace(name)) == len(plain) && strings.EqualFold(joined.Replace(name), plain) {
			return name
		}
	}
	return ""
}

var joined = strings.NewReplacer("_", "", "-", "", ".", "")

// guess is nearest, up to the number of guesses that a file is worth.
func (l *loader) guess(word string, names func() []string) string {
	if l.guesses++; l.guesses > maxGuesses {
		return ""
	}
	return nearest(word, names())
}

// nearest is the name that was probably meant by word.
func nearest(word string, names []string) string { return syntax.Nearest(word, names) }
