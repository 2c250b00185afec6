package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Lines of routes and rules are those of ip route and ip rule: options with
// their values in any order. Whatever is wrong in one costs the whole line, for
// half a route leads somewhere else.

// option is one of a line, as it is written again.
type option struct {
	name   string
	values []string
}

// optionKind is what is known of an option.
type optionKind struct {
	name   string
	other  []string // names that mean the same
	words  []string // that its value may be
	value  value    // of any other value; nil: there is none
	lock   bool     // "lock" may stand before the value
	family int      // 4 or 6: for lines of that family only
}

// value reads the value of an option and gives it as it is written again; want
// is what it takes, where the text is nothing of that.
type value func(text string) (again, want string, ok bool)

// optionLine is a route or rule while it is read.
type optionLine struct {
	l       *loader
	what    string // "route 10.0.0.0/8"
	words   []syntax.Word
	next    int
	family  int // 4, 6, or 0: nothing said it yet
	options []option
	known   []optionKind
	failed  bool
}

// newLine begins a line. It is named by the first network in it, or by how
// it begins.
func newLine(l *loader, kind string, e *syntax.Statement, known []optionKind) *optionLine {
	name := e.Keyword()
	if len(e.Words) > 1 && name != "" && letter(name[0]) {
		name += " " + e.Words[1].Text
	}
	for _, w := range e.Words {
		if _, ok := parseNetwork(w.Text); ok || w.Text == "default" {
			name = w.Text
			break
		}
	}
	p := &optionLine{l: l, what: kind + " " + quote(name), words: e.Words, known: known}
	p.fill(kind)
	return p
}

// fill fills in the templates of a line.
func (p *optionLine) fill(kind string) {
	if !slices.ContainsFunc(p.words, isTemplate) {
		return
	}
	p.words = slices.Clone(p.words) // those of the statement are as the file has them
	for i, w := range p.words {
		filled, err := p.l.fill(kind, w)
		if err != nil {
			p.fail(w, "", "%s: %v", quote(w.Text), err)
		}
		p.words[i] = filled
	}
}

// fail reports why the line is lost; only the first reason is worth saying.
func (p *optionLine) fail(w syntax.Word, hint, format string, args ...any) {
	if !p.failed {
		p.l.errorf(w.Pos, hint, "%s is ignored: %s", p.what, fmt.Sprintf(format, args...))
	}
	p.failed = true
}

// word takes the next word; ok is false at the end of the line.
func (p *optionLine) word() (w syntax.Word, ok bool) {
	if p.failed || p.next == len(p.words) {
		return w, false
	}
	p.next++
	return p.words[p.next-1], true
}

// argument takes the value of an option.
func (p *optionLine) argument(option syntax.Word) (syntax.Word, bool) {
	w, ok := p.word()
	if !ok {
		p.fail(option, "", "%s lacks a value", option.Text)
	}
	return w, ok
}

// is takes the next word where it is one of those given.
func (p *optionLine) is(texts ...string) bool {
	if p.failed || p.next == len(p.words) || !slices.Contains(texts, p.words[p.next].Text) {
		return false
	}
	p.next++
	return true
}

// find looks up an option by any of its names.
func (p *optionLine) find(name string) (optionKind, bool) {
	for _, o := range p.known {
		if o.name == name || slices.Contains(o.other, name) {
			return o, true
		}
	}
	return optionKind{}, false
}

// read reads an option whose name is taken already.
func (p *optionLine) read(w syntax.Word, o optionKind) {
	if o.family != 0 && !p.of(w, o.family) {
		return
	}
	var values []string
	if o.lock && p.is("lock") {
		values = append(values, "lock")
	}
	if o.value != nil || o.words != nil {
		arg, ok := p.argument(w)
		if !ok {
			return
		}
		again, ok := p.value(w, arg, o)
		if !ok {
			return
		}
		values = append(values, again)
	}
	p.set(option{o.name, values})
}

// value reads the value of an option.
func (p *optionLine) value(name, arg syntax.Word, o optionKind) (again string, ok bool) {
	if slices.Contains(o.words, arg.Text) {
		return arg.Text, true
	}
	want := alternatives(o.words)
	if o.value != nil {
		other := ""
		if again, other, ok = o.value(arg.Text); ok {
			return again, true
		}
		want = alternatives(append(slices.Clone(o.words), other))
	}
	hint := hintFor(arg.Text)
	if near := nearest(strings.ToLower(arg.Text), o.words); hint == "" && near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	p.fail(arg, hint, "%s %s: it takes %s", name.Text, quote(arg.Text), want)
	return "", false
}

// set keeps an option; of two the last one counts.
func (p *optionLine) set(o option) {
	if i := p.index(o.name); i >= 0 {
		p.options[i] = o
		return
	}
	p.options = append(p.options, o)
}

func (p *optionLine) index(name string) int {
	return slices.IndexFunc(p.options, func(o option) bool { return o.name == name })
}

func (p *optionLine) has(name string) bool { return p.index(name) >= 0 }

// take removes an option.
func (p *optionLine) take(name string) (o option, ok bool) {
	i := p.index(name)
	if i < 0 {
		return o, false
	}
	o = p.options[i]
	p.options = slices.Delete(p.options, i, i+1)
	return o, true
}

// of holds the line to one family.
func (p *optionLine) of(w syntax.Word, family int) bool {
	if p.family != 0 && p.family != family {
		p.fail(w, "", "%s is of IPv%d, and what stands before it of IPv%d", quote(w.Text), family, p.family)
		return false
	}
	p.family = family
	return true
}

// addr reads an address of the line's family.
func (p *optionLine) addr(w syntax.Word) (netip.Addr, bool) {
	a, ok := parseAddr(w.Text)
	if !ok {
		p.fail(w, hintFor(w.Text), "%s is no IP address", quote(w.Text))
		return a, false
	}
	return a, p.of(w, ipVersion(a))
}

// prefix reads a network of the line's family; the zero one is all.
func (p *optionLine) prefix(w syntax.Word) (netip.Prefix, bool) {
	switch w.Text {
	case "default", "any", "all":
		return netip.Prefix{}, true
	}
	n, ok := parseNetwork(w.Text)
	if !ok {
		p.fail(w, hintFor(w.Text), "%s is no network: write IP/LENGTH, or default", quote(w.Text))
		return n, false
	}
	return n, p.of(w, ipVersion(n.Addr()))
}

// unknown reports a word that is no option.
func (p *optionLine) unknown(w syntax.Word, more ...string) {
	hint := hintFor(w.Text)
	names := more
	for _, o := range p.known {
		names = append(append(names, o.name), o.other...)
	}
	if near := nearest(strings.ToLower(w.Text), names); hint == "" && near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	p.fail(w, hint, "unknown option %s", quote(w.Text))
}

// trackGroup reads track_group, which only static lines have.
func (p *optionLine) trackGroup(w syntax.Word) {
	name, ok := p.argument(w)
	if !ok {
		return
	}
	if p.l.trackGroup(name.Text) == nil {
		p.fail(name, "write the track_group above", "there is no track_group %s above", quote(name.Text))
		return
	}
	p.set(option{"track_group", []string{name.Text}})
}

// judgeTrack drops what tracking cannot be combined with: an unnamed interface,
// and a protocol other than keepalived's, since that of tandem is how it knows what
// an earlier run has set.
func (p *optionLine) judgeTrack(line syntax.Word, device string) {
	if p.has("track_group") && !p.has(device) {
		p.l.errorf(line.Pos, "write "+device+" IF", "%s: track_group is ignored without %s", p.what, device)
		p.take("track_group")
	}
	i := p.index("protocol")
	if i < 0 || p.has("no_track") || slices.Contains([]string{"keepalived", "18"}, p.options[i].values[0]) {
		return
	}
	p.l.warnf(line.Pos, "write no_track", "%s: protocol %s is ignored: what is watched has the protocol of tandem, 112, by which a run after a crash finds it", p.what, p.options[i].values[0])
	p.take("protocol")
}

// words are the option as it is written again.
func (o option) words() []string { return append([]string{o.name}, o.values...) }
