package conf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// PrintJSON writes statements as the typed model. What a keyword is does not
// depend on the file, so that one jq expression fits them all:
//
//   - a statement is its value: a number (times are seconds), true or false, or
//     a string, which holds all words where there are several;
//   - a keyword whose statements add up is an array, of the words where each of
//     them is a value of its own (status_code), else of the statements;
//   - a block of values is an array of {"value", "options", "at"}, which is
//     called "entries" where the block has a "name";
//   - a block of keywords is an object with its "name"; those that there may be
//     several of are in an array;
//   - "at" is where a block stands, and "positions" where it says each keyword:
//     "FILE:LINE:COLUMN". A keyword without one is a default;
//   - what has no effect is in "no_effect": {"keyword", "value", "reason", "at"}.
func PrintJSON(w io.Writer, nodes []Node, o PrintOptions) error {
	p := &printer{options: o}
	model := object{{"file", o.File}}
	model = append(model, p.members(nodes, rootBlock)...)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(model); err != nil {
		return fmt.Errorf("print the configuration as JSON: %w", err)
	}
	return nil
}

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// members are the statements of a block of keywords.
func (p *printer) members(nodes []Node, t table) object {
	var out, positions object
	var idle []object
	for _, n := range nodes {
		k := keywordOf(t, n.Keyword)
		value := p.value(n, k)
		if n.Idle != NotIdle {
			idle = append(idle, p.idle(n, value))
			continue
		}
		at := slices.IndexFunc(out, func(m member) bool { return m.name == n.Keyword })
		if at >= 0 && k.several() {
			out[at].value = append(out[at].value.([]any), p.elements(n, k, value)...)
			continue
		}
		if k.several() {
			value = p.elements(n, k, value)
		}
		if at >= 0 {
			out[at].value = value // The last one counts.
			continue
		}
		out = append(out, member{n.Keyword, value})
		if n.Pos != (syntax.Pos{}) && !n.keywords(k) && (!n.Braced || len(n.Values) == 0) {
			positions = append(positions, member{n.Keyword, n.Pos.String()})
		}
	}
	if len(positions) > 0 {
		out = append(out, member{"positions", positions})
	}
	if len(idle) > 0 {
		out = append(out, member{"no_effect", idle})
	}
	return out
}

// keywords tells a block of keywords from one of values.
func (n Node) keywords(k keyword) bool { return n.Braced && blockFor(k) != nil }

// several tells whether the statements of the keyword make a list.
func (k keyword) several() bool {
	if blockFor(k) == nil {
		sh := k.shape()
		return k.adds || sh.braces && sh.min > 0
	}
	return !k.alone
}

// elements are what a statement adds to its list: each word where nothing but the
// words counts.
func (p *printer) elements(n Node, k keyword, value any) []any {
	if !n.Braced && strings.HasSuffix(k.args, " ...") && len(strings.Fields(k.args)) == 2 {
		var all []any
		for _, v := range n.Values {
			all = append(all, p.typed(v))
		}
		return all
	}
	return []any{value}
}

// value is what a statement says.
func (p *printer) value(n Node, k keyword) any {
	switch {
	case n.keywords(k):
		var out object
		if len(n.Values) > 0 {
			out = append(out, member{"name", p.joined(n.Values)})
		}
		if n.Pos != (syntax.Pos{}) {
			out = append(out, member{"at", n.Pos.String()})
		}
		return append(out, p.members(n.Block, blockFor(k))...)
	case n.Braced:
		entries := []object{}
		for _, e := range n.Block {
			entries = append(entries, p.entry(e))
		}
		if len(n.Values) == 0 {
			return entries
		}
		out := object{{"name", p.joined(n.Values)}}
		if n.Pos != (syntax.Pos{}) {
			out = append(out, member{"at", n.Pos.String()})
		}
		return append(out, member{"entries", entries})
	case n.line != "":
		return strings.TrimSpace(strings.TrimPrefix(n.line, n.Keyword))
	case len(n.Values) == 0:
		return true
	case len(n.Values) == 1:
		return p.typed(n.Values[0])
	}
	return p.joined(n.Values)
}

// entry is a line of a block of values.
func (p *printer) entry(n Node) object {
	words := n.Values
	if n.Keyword != "" {
		words = append([]any{n.Keyword}, words...)
	}
	var out object
	if len(words) > 0 {
		out = append(out, member{"value", p.typed(words[0])})
	}
	if len(words) > 1 {
		var options []any
		for _, w := range words[1:] {
			options = append(options, p.typed(w))
		}
		out = append(out, member{"options", options})
	}
	if n.Pos != (syntax.Pos{}) {
		out = append(out, member{"at", n.Pos.String()})
	}
	return out
}

// idle is a statement without effect.
func (p *printer) idle(n Node, value any) object {
	reason := n.Idle.String()
	if n.Why != "" {
		reason += ": " + n.Why
	}
	out := object{{"keyword", n.Keyword}, {"value", value}, {"reason", reason}}
	if n.Pos != (syntax.Pos{}) {
		out = append(out, member{"at", n.Pos.String()})
	}
	return out
}

// joined is several words as the file has them.
func (p *printer) joined(values []any) string {
	var words []string
	for _, v := range values {
		words = append(words, p.text(v))
	}
	return strings.Join(words, " ")
}

// typed is a value by its type.
func (p *printer) typed(v any) any {
	switch v := v.(type) {
	case bool, int, int32, int64, uint8, uint16, uint32:
		return v
	case time.Duration:
		return json.Number(inSeconds(v))
	}
	return p.text(v)
}
