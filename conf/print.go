package conf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// PrintOptions say what of a configuration is shown.
type PrintOptions struct {
	File      string // that it was read from, for the head
	Secrets   bool   // passwords too; without them the text loads, but is another configuration
	Positions bool   // where the file says each statement
}

// hidden stands for a Secret.
const hidden = "********"

// masked tells whether a word is what stands for a Secret. Of an auth_pass with
// more behind it nothing else would count.
func masked(w syntax.Word) bool { return strings.HasPrefix(w.Text, hidden) }

// holdsMasked tells whether a statement of a block lost its secret to a dump.
func holdsMasked(s *syntax.Statement, keyword string) bool {
	return slices.ContainsFunc(s.Block, func(inner *syntax.Statement) bool {
		return !inner.Skip && inner.Keyword() == keyword && slices.ContainsFunc(inner.Args(), masked)
	})
}

// Print writes statements as a keepalived.conf that can be loaded: one
// statement on a line, words in quotes where they need them, times in seconds.
// What has no effect is marked by a comment. The error may be one of w, or say
// that a statement cannot be written in this grammar; it is left out then, and
// the others are there.
func Print(w io.Writer, nodes []Node, o PrintOptions) error {
	p := &printer{out: bufio.NewWriter(w), options: o}
	p.head()
	for i, n := range nodes {
		if i > 0 && (n.Braced || nodes[i-1].Braced) {
			p.out.WriteByte('\n')
		}
		p.node(n, "", false)
	}
	return errors.Join(append(p.failed, p.out.Flush())...)
}

// printer writes one configuration.
type printer struct {
	out     *bufio.Writer
	options PrintOptions
	failed  []error
}

// head says what the text is.
func (p *printer) head() {
	p.comment("", "The effective configuration of "+p.options.File+", defaults included. It can be loaded.")
	if !p.options.Secrets {
		p.comment("", "Passwords are shown as "+hidden+" and must be put back first.")
	}
	p.out.WriteByte('\n')
}

// comment writes a line of its own that means nothing.
func (p *printer) comment(indent, text string) {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, text)
	line := indent + "# " + clean
	p.out.WriteString(line[:min(len(line), syntax.MaxLine-1)] + "\n")
}

// node writes a statement and its block; value tells that it stands in a block
// of values, where its first word may be anything.
func (p *printer) node(n Node, indent string, value bool) {
	line, err := p.statement(n, value)
	end := ""
	switch {
	case n.Braced && len(n.Block) == 0:
		end = " {}"
	case n.Braced:
		end = " {"
	}
	// The longest line of the grammar is that of keepalived's buffer: the
	// indent is given up before the statement is.
	if len(indent)+len(line)+len(end) >= syntax.MaxLine {
		indent = ""
	}
	if err == nil && len(line)+len(end) >= syntax.MaxLine {
		err = fmt.Errorf("it would be a line of more than %d bytes", syntax.MaxLine-1)
	}
	if err != nil {
		err = fmt.Errorf("print %s: %w", n.name(), err)
		p.comment(indent, "left out: "+err.Error())
		p.failed = append(p.failed, err)
		return
	}
	line = indent + line + end
	if remark := p.remark(n); remark != "" {
		if len(line)+len(" # ")+len(remark) < syntax.MaxLine {
			line += " # " + remark
		} else {
			p.comment(indent, remark)
		}
	}
	p.out.WriteString(line + "\n")
	if !n.Braced || len(n.Block) == 0 {
		return
	}
	inner := indent + "    "
	for _, b := range n.Block {
		p.node(b, inner, value || b.Keyword == "")
	}
	p.out.WriteString(indent + "}\n")
}

// name is what an error calls the statement.
func (n Node) name() string {
	name := n.Keyword
	if name == "" && len(n.Values) > 0 {
		name = fmt.Sprint(n.Values[0])
	}
	if n.Pos.Line > 0 {
		name += " (" + n.Pos.String() + ")"
	}
	return name
}

// remark is the comment behind a statement.
func (p *printer) remark(n Node) string {
	var parts []string
	if n.Idle != NotIdle {
		parts = append(parts, n.Idle.String())
	}
	if p.options.Positions && n.Pos != (syntax.Pos{}) {
		parts = append(parts, printable(syntax.Pos{File: n.Pos.File, Line: n.Pos.Line}.String()))
	}
	return strings.Join(parts, ", ")
}

// printable is a text that can stand in a comment.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return strconv.Quote(s)
	}
	return s
}

// statement is the keyword and its values.
func (p *printer) statement(n Node, value bool) (string, error) {
	if n.line != "" {
		return n.line, nil
	}
	var words []string
	if n.Keyword != "" {
		words = append(words, n.Keyword)
	}
	for _, v := range n.Values {
		words = append(words, p.text(v))
	}
	for i, w := range words {
		if i == 0 && !value && n.Keyword != "" {
			continue // A keyword is a plain word.
		}
		source, ok := source(w, i == 0)
		if !ok {
			return "", fmt.Errorf("no word can hold %q", w)
		}
		words[i] = source
	}
	return strings.Join(words, " "), nil
}

// text is a value as the file would say it, without quotes.
func (p *printer) text(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "on"
		}
		return "off"
	case time.Duration:
		return inSeconds(v)
	case Secret:
		if !p.options.Secrets {
			return hidden
		}
		return string(v)
	}
	return fmt.Sprint(v)
}

// source is a word as the file has to spell it, in quotes only where it needs
// them: first tells that a line begins with it, where definitions, includes
// and sequences would stand. A quote has no escape, so no word can hold one.
func source(word string, first bool) (string, bool) {
	switch {
	case strings.ContainsAny(word, "\"\n\x00"):
		return "", false
	case word == "", strings.ContainsAny(word, " \t\f\v\r#!{}"),
		first && (strings.ContainsAny(word[:1], "@$~") || strings.HasPrefix(word, "include")):
		return `"` + word + `"`, true
	}
	return word, true
}
