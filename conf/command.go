package conf

import (
	"fmt"
	"path"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// commandLine is a program as a statement names it.
type commandLine struct {
	program.Command
	pos  syntax.Pos // of the statement; zero: none names one
	said string     // the statement as the file has it, where its words do not say all of it
}

// namedCommand is a program with the keyword that names it.
type namedCommand struct {
	keyword string
	*commandLine
}

// set reads the program of a statement.
func (c *commandLine) set(l *loader, s *syntax.Statement) {
	read, ok := l.command(s)
	if !ok {
		return
	}
	*c = commandLine{Command: program.Command{Line: read.Line, Args: read.Args, User: read.User, Group: read.Group}, pos: s.Pos}
	if !simple(s) {
		c.said = s.Line
	}
}

// node shows the program.
func (c *commandLine) node(name string) []Node {
	nodes := commandNode(name, syntax.Command{Line: c.Line, User: c.User, Group: c.Group})
	if len(nodes) > 0 {
		nodes[0].line = c.said
	}
	return nodes
}

// programRow is a keyword with a program to run.
func programRow[T any](name string, at func(*T) *commandLine) row[T] {
	return custom(name, "COMMAND [USER [GROUP]]", func(t *T, l *loader, s *syntax.Statement) { at(t).set(l, s) }).
		shown(func(t *T) []Node { return at(t).node(name) })
}

// command reads the program of a statement, which a keyword runs, with the user
// and group to run it as. Whether there is such a file or user is the host's
// business.
func (l *loader) command(s *syntax.Statement) (syntax.Command, bool) {
	first, name := s.Words[1], s.Keyword()
	c, err := s.Command()
	switch {
	case err != nil:
		l.errorf(first.Pos, "", "%s is ignored: %s", name, err)
		return c, false
	case len(c.Args) == 0 || c.Args[0] == "":
		l.errorf(first.Pos, `write the program, and "" around it and its arguments`, "%s is ignored: it names no program", name)
		return c, false
	case strings.HasSuffix(c.Args[0], "/"):
		l.errorf(first.Pos, "", "%s is ignored: %s is a directory, not a program", name, quote(c.Args[0]))
		return c, false
	}
	for _, w := range s.Args() {
		l.warnCut(name, w)
	}
	if arg := argument(c); arg != "" {
		meant := strings.TrimRight(strings.Join([]string{c.Line, c.User, c.Group}, " "), " ")
		l.warnf(first.Pos, fmt.Sprintf(`put the command in quotes: %s "%s"`, name, meant),
			"%s: %s is read as the user or group to run it as, not as an argument", name, quote(arg))
	}
	return c, true
}

// argument is what stands where the user or group of a command does and looks
// like an argument that was left without quotes: an option, a path, a file, or
// a word in capitals such as MASTER. useradd makes no such names.
func argument(c syntax.Command) string {
	for _, w := range []string{c.User, strings.TrimPrefix(c.Group, ":")} {
		switch {
		case strings.HasPrefix(w, "-"), strings.ContainsAny(w, "/=$"), path.Ext(w) != "", strings.ToLower(w) != w:
			return w
		}
	}
	return ""
}

// commandNode shows a command with its user and group.
func commandNode(name string, c syntax.Command) []Node {
	if c.Line == "" {
		return nil
	}
	values := []any{c.Line}
	for _, w := range []string{c.User, c.Group} {
		if w != "" {
			values = append(values, w)
		}
	}
	return statement(name, values...)
}
