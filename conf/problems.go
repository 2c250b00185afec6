package conf

import (
	"fmt"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// problem says what a problem of the text means for the load.
func (l *loader) problem(p syntax.Problem) {
	switch p.Kind {
	case syntax.Binary:
		l.fatalf(p.Pos, "is it the right file?", "this is not a configuration file: it holds binary data")
	case syntax.UTF16:
		l.fatalf(p.Pos, "save it as UTF-8", "the file is written in UTF-16")
	case syntax.TooDeep:
		l.fatalf(p.Pos, "", "this is not a configuration file: more than %d blocks stand within one another", syntax.MaxDepth)
	case syntax.LongLine:
		// keepalived ignores the beginning of such a line and reads its end as
		// a line of its own.
		l.errorf(p.Pos, "split it", "the line is longer than %d bytes and is ignored, braces included", syntax.MaxLine)
	case syntax.ByteOrderMark:
		l.warnf(p.Pos, "save the file without it", "the file begins with a byte order mark: keepalived would not understand the first line")
	case syntax.UnterminatedQuote:
		l.errorf(p.Pos, "", "the quote has no end: the rest of the line is ignored")
	case syntax.UnexpectedOpen:
		l.errorf(p.Pos, "a block has a keyword before its {", "unexpected {: the block is ignored")
	case syntax.UnexpectedClose:
		l.errorf(p.Pos, "is there one } too many above?", "unexpected }: it is ignored")
	case syntax.Unclosed:
		l.errorf(p.Pos, "", "the block%s is never closed: its } is missing", after(p.Text))
	default:
		l.errorf(p.Pos, "", "%s", notBuilt(p))
	}
}

// notBuilt words the parts of the grammar that are not built yet.
func notBuilt(p syntax.Problem) string {
	switch p.Kind {
	case syntax.Include:
		return p.Text + " is not supported yet: nothing is included"
	case syntax.Condition:
		return fmt.Sprintf("conditions are not supported yet: the statement behind %s is ignored", p.Text)
	case syntax.Definition:
		return fmt.Sprintf("variables are not supported yet: $%s is not defined, and what uses it is ignored", p.Text)
	case syntax.Variable:
		return fmt.Sprintf("variables are not supported yet: the statement that uses ${%s} is ignored", p.Text)
	case syntax.Sequence:
		return fmt.Sprintf("%s is not supported yet: the statement behind it is ignored", p.Text[:4])
	}
	return "cannot read this: " + p.Kind.String()
}

// after puts a blank before a word, where there is one.
func after(word string) string {
	if word == "" {
		return ""
	}
	return " " + word
}
