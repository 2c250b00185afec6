package conf

import (
	"fmt"
	"strings"

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
	case syntax.TooMuch:
		l.fatalf(p.Pos, "does a sequence run too far, or do files include one another over and over?",
			"the variables, sequences and included files of this configuration make more than %d MB of it", syntax.MaxMade>>20)
	case syntax.LongLine:
		// keepalived ignores the beginning of such a line and reads its end as
		// a line of its own.
		l.errorf(p.Pos, "split it", "the line is longer than %d bytes and is ignored, braces included", syntax.MaxLine)
	case syntax.LongExpansion:
		l.errorf(p.Pos, "", "the line is longer than %d bytes with the values of its variables and is ignored, braces included", syntax.MaxLine)
	case syntax.ByteOrderMark:
		l.warnf(p.Pos, "save the file without it", "the file begins with a byte order mark: keepalived would not understand the first line")
	case syntax.UnterminatedQuote:
		l.errorf(p.Pos, "", "the quote has no end: the rest of the line is ignored")
	case syntax.UnexpectedOpen:
		l.errorf(p.Pos, "a block has a keyword before its {", "unexpected {: the block is ignored")
	case syntax.UnexpectedClose:
		l.errorf(p.Pos, "is there one } too many above?", "unexpected }: it is ignored")
	case syntax.Unclosed:
		l.unclosed(p)
	case syntax.NoFiles, syntax.MissingFile, syntax.NoMatch, syntax.Unreadable, syntax.IncludeLoop:
		l.include(p)
	case syntax.Omitted:
		severity := Error
		switch p.Of {
		case syntax.ByteOrderMark, syntax.NoMatch, syntax.Misspelled, syntax.Unbraced, syntax.DroppedBody, syntax.Gap:
			severity = Warning
		}
		l.report(severity, p.Pos, "mend the first ones and check again", "%d more findings of one kind (%s) are left out", p.Count, p.Of)
	case syntax.Stacked:
		l.errorf(p.Pos, "one condition per line; a variable can hold the other lines", "the statement behind %s is ignored: conditions do not combine", quote(p.Text))
	case syntax.Unfilled:
		l.unfilled(p)
	default:
		l.variable(p)
	}
}

// unfilled words templates that reached tandem as they were written. The braces
// of one are none of a block.
func (l *loader) unfilled(p syntax.Problem) {
	more, hint := "the statement is ignored", "let what made the file fill it in; a template of tandem's own stands in double quotes"
	switch {
	case p.More == 1:
		more += ", and so is another line with one"
	case p.More > 1:
		more += fmt.Sprintf(", and so are %d more lines with one", p.More)
	}
	if strings.Contains(p.Text, " Get") {
		hint = fmt.Sprintf("a template of tandem's own stands in double quotes: %s", quote(p.Text))
	}
	l.errorf(p.Pos, hint, "%s is a template that was not filled in: %s", quote(p.Text), more)
}

// include words what an include statement did not find. Plain include goes on
// without it, as in keepalived, but it is an error: a director that is told to
// reload while somebody moves files about must not lose what they held. The
// strict ones refuse the file.
func (l *loader) include(p syntax.Problem) {
	severity, hint := Error, ""
	var message string
	switch p.Kind {
	case syntax.NoFiles:
		if message = "the text is read by itself"; p.Text == "" {
			message, hint = "it names no file", "a path stands behind it, which may hold *, ?, [ ] and {a,b}"
		}
	case syntax.MissingFile:
		message = fmt.Sprintf("there is no file %s", quote(p.Text))
		switch {
		case strings.Contains(p.Text, `"`):
			hint = "quotes are part of the name here: write it without them"
		case strings.ContainsAny(p.Text, "{} "):
			hint = "the name goes to the end of the line"
		case !p.Strict:
			hint = "keepalived goes on without it too; includem refuses to"
		}
	case syntax.NoMatch:
		// An empty conf.d is how most systems begin.
		severity, message = Note, fmt.Sprintf("no file matches %s", quote(p.Text))
	case syntax.Unreadable:
		message = fmt.Sprintf("%s: %s", p.Text, p.Why)
		if p.Why == errExecutable.Error() {
			hint = "keepalived includes no executable file either: chmod -x it"
		}
	case syntax.IncludeLoop:
		message = fmt.Sprintf("%s would include itself: %s", p.Text, p.Why)
		if p.Why == "" {
			message = fmt.Sprintf("%s stands too deep: too many files include one another", p.Text)
		}
	}
	said := "nothing is included"
	if p.Kind == syntax.Unreadable || p.Kind == syntax.IncludeLoop {
		said = "it is not included"
	}
	if p.Strict {
		severity, said = Fatal, "the configuration is refused"
	}
	l.report(severity, p.Pos, hint, "%s: %s: %s", p.Keyword, message, said)
	if p.Strict {
		l.classify(FailedInclude)
	}
}

// variable words what is wrong with variables, sequences and conditions.
func (l *loader) variable(p syntax.Problem) {
	hint := ""
	if p.Near != "" {
		hint = fmt.Sprintf("did you mean $%s?", p.Near)
	}
	switch p.Kind {
	case syntax.Undefined:
		if hint == "" {
			hint = fmt.Sprintf("did a template stay unrendered? $%s=VALUE on a line above defines it", variableName(p.Text))
		}
		if name, value, ok := strings.Cut(p.Text, ":-"); ok {
			hint = fmt.Sprintf("variables have no defaults: write ${%s}, and $%s=%s on a line above", name, name, value)
		}
		if name, ok := strings.CutPrefix(p.Text, "_ENV "); ok {
			hint = fmt.Sprintf("the environment of this process has no %s", strings.TrimSpace(name))
		} else if strings.HasPrefix(p.Text, "_RANDOM") {
			hint = "it is written ${_RANDOM MIN MAX}, in whole numbers"
		}
		l.errorf(p.Pos, hint, "the statement is ignored: ${%s} is not defined", p.Text)
	case syntax.Misspelled:
		l.warnf(p.Pos, hint, "$%s is not defined and stays as it is", p.Text)
	case syntax.Unbraced:
		l.warnf(p.Pos, fmt.Sprintf("write ${%s}", p.Text), "$%s is not replaced here: without braces a variable counts only before a blank, a comma, a ) or the end of the line", p.Text)
	case syntax.VariableLoop:
		l.errorf(p.Pos, "", "the line is ignored: the value of $%s uses $%s itself, or too many variables one within another", p.Text, p.Text)
	case syntax.NotAlone:
		l.errorf(p.Pos, "put what follows on a line of its own", "the line is ignored: $%s has several lines and must end its line", p.Text)
	case syntax.BadSequence:
		l.errorf(p.Pos, "", "the statement behind %s is ignored: %s", p.Text, p.Why)
	case syntax.DroppedBody:
		l.warnf(p.Pos, "put the condition before every line of it too", "the whole definition of $%s is left out: keepalived would leave out only its first line", p.Text)
	case syntax.Gap:
		l.warnf(p.Pos, "", "the definition of $%s goes on behind an empty line: keepalived before 2.4 would end it there", p.Text)
	default:
		l.errorf(p.Pos, "", "cannot read this: %s", p.Kind)
	}
}

// variableName is the name in what stands in the braces of a variable.
func variableName(inner string) string {
	if i := strings.IndexFunc(inner, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}); i >= 0 {
		return inner[:i]
	}
	return inner
}

// after puts a blank before a word, where there is one.
func after(word string) string {
	if word == "" {
		return ""
	}
	return " " + word
}
