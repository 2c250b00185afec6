package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// unknown reports a keyword that its block does not have. The statement and
// its block are skipped whole: keepalived reads on inside the block as if its
// lines stood in the block around it, and takes its '}' for the end of that.
func (l *loader) unknown(s *syntax.Statement, block string, lost *lostBlocks) {
	if l.outer(s) {
		if lost.found++; lost.found > 1 {
			return
		}
		lost.first = len(l.found)
		if l.misplaced == nil {
			at := s.Pos
			l.misplaced = &at
		}
	}
	l.haproxy = l.haproxy || strings.HasPrefix(foreignWords[s.Keyword()], isHAProxy)
	what := "it is ignored"
	if s.Braced {
		what = "it and its block are ignored"
	}
	if syntax.OddSpace(s.Keyword()) != 0 {
		l.sparingly("a blank that is none", "also in", func() Diagnostic {
			return l.finding(Error, s.Pos, l.suggest(s, block), "unknown keyword %s: %s", quote(s.Keyword()), what)
		})
		return
	}
	l.errorf(s.Pos, l.suggest(s, block), "unknown keyword %s: %s", quote(s.Keyword()), what)
}

// lostBlocks are the blocks within one that belong in another around it. One
// missing } loses all that stand below it: the first says so for all.
type lostBlocks struct {
	found int
	first int // the place of the first one's finding
}

// count adds the others to the finding about the first.
func (b lostBlocks) count(l *loader) {
	switch {
	case b.found == 2:
		l.found[b.first].Message += ", and 1 more block below is lost with it"
	case b.found > 2:
		l.found[b.first].Message += fmt.Sprintf(", and %d more blocks below are lost with it", b.found-1)
	}
}

// outer tells a block that belongs at the top level, or in one of the blocks
// around the one that is being read.
func (l *loader) outer(s *syntax.Statement) bool {
	if !s.Braced || len(l.scope) == 0 {
		return false
	}
	homes := l.words().homes[s.Keyword()]
	return slices.Contains(homes, "at the top level") || slices.ContainsFunc(l.scope, func(around scope) bool {
		name, _, _ := strings.Cut(around.String(), " ")
		return slices.Contains(homes, "in "+name)
	})
}

// unclosed reports a block without its }, which is most likely missing right
// above the first block that stands in the wrong place.
func (l *loader) unclosed(p syntax.Problem) {
	where := ""
	if m := l.misplaced; m != nil && m.File == p.Pos.File && p.Pos.Compare(*m) < 0 {
		where = fmt.Sprintf("it probably belongs before line %d", m.Line)
	}
	l.errorf(p.Pos, where, "the block%s is never closed: its } is missing", after(p.Text))
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
	if member && l.known.instances[word] != nil {
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
	switch {
	case v.homes[word] == nil:
	case l.haproxy:
		return ""
	default:
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
