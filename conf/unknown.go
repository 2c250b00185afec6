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
func (l *loader) unknown(s *syntax.Statement, names []string) {
	word := s.Keyword()
	what := "it is ignored"
	if s.Braced {
		what = "it and its block are ignored"
	}
	l.errorf(s.Pos, l.suggest(s, word, names), "unknown keyword %s: %s", quote(word), what)
}

// suggest guesses what was meant.
func (l *loader) suggest(s *syntax.Statement, word string, names []string) string {
	if syntax.OddSpace(word) != 0 {
		return hintFor(word)
	}
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	if l.homes[word] != nil {
		hint := fmt.Sprintf("%s belongs %s", word, l.home(word))
		if s.Braced {
			hint += "; is a } missing above?"
		}
		return hint
	}
	if key, _, ok := strings.Cut(word, "="); ok && slices.Contains(names, key) {
		return fmt.Sprintf("write %s, a blank, and the value", key)
	}
	if lower := strings.ToLower(word); lower != word && slices.Contains(names, lower) {
		return fmt.Sprintf("keywords are lower case: %s", lower)
	}
	all := make([]string, 0, len(l.homes))
	for name := range l.homes {
		all = append(all, name)
	}
	slices.Sort(all)
	if near := nearest(word, all); near != "" {
		return fmt.Sprintf("did you mean %s, which belongs %s?", near, l.home(near))
	}
	return ""
}

// home says where a keyword belongs, or some of the places.
func (l *loader) home(word string) string {
	homes := l.homes[word]
	if len(homes) > 3 {
		return strings.Join(homes[:3], ", ") + " and others"
	}
	return strings.Join(homes, " or ")
}

// nearest is the name that was probably meant by word.
func nearest(word string, names []string) string { return syntax.Nearest(word, names) }
