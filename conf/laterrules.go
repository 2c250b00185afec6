package conf

import (
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// dropIdle forgets a statement without effect that the rest of its block makes
// void.
func (s *seen) dropIdle(keyword string) {
	s.idle = slices.DeleteFunc(s.idle, func(i *syntax.Statement) bool { return i.Keyword() == keyword })
}

// oldName gives a statement the name that its keyword has now.
func (l *loader) oldName(s *syntax.Statement, name string) {
	l.warnf(s.Pos, "write "+name, "%s is the old name of %s", s.Keyword(), name)
	s.Line = name + strings.TrimPrefix(s.Line, s.Keyword())
	s.Words[0].Text = name
}
