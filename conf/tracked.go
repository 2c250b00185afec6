package conf

import (
	"fmt"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// trackKind is a kind of thing that instances, groups and checks can follow by
// its name.
type trackKind uint8

const (
	trackedScript trackKind = iota
	trackedFile
	trackedProcess
	trackedBFD
	trackKinds
)

// trackBlocks are the blocks that define them.
var trackBlocks = [trackKinds]string{"vrrp_script", "track_file", "vrrp_track_process", "bfd_instance"}

// String is the block that defines one.
func (k trackKind) String() string { return trackBlocks[k] }

// tracked is a thing that can be tracked: what tells whether it is up, and what
// that is worth where the one who tracks it says nothing else.
type tracked struct {
	name    string
	weight  int // 0: its failure is a fault; of a track_file it multiplies what the file holds
	reverse bool
	pos     syntax.Pos
	met     seen // its keywords
	used    bool
}

// node is the block as the effective configuration shows it.
func (t *tracked) node(block string, inner []Node) Node {
	return Node{Keyword: block, Values: []any{t.name}, Braced: true, Block: inner, Pos: t.pos}
}

// untracked is a name that stood nowhere above the place that tracks it.
type untracked struct {
	kind    trackKind
	name    string
	finding Diagnostic // what it is about: the rest is known at the end of the file
}

// track finds what the word names. As in keepalived it must be defined above,
// so that one reading is enough; what is wrong with the word is reported at the
// end of the file, where it is known whether the name stands below.
func (l *loader) track(kind trackKind, w syntax.Word) *tracked {
	if t := l.known.tracked[kind][w.Text]; t != nil {
		t.used = true
		return t
	}
	l.untracked = append(l.untracked, untracked{kind, w.Text, l.finding(Error, w.Pos, hintFor(w.Text), "")})
	return nil
}

// addTracked takes a thing that can be tracked.
func (l *loader) addTracked(kind trackKind, t *tracked) {
	l.tracked[kind] = append(l.tracked[kind], t)
	put(&l.known.tracked[kind], t.name, t)
}

// define begins a thing that can be tracked; nil: its name is taken.
func (l *loader) define(kind trackKind, s *syntax.Statement) *tracked {
	t := &tracked{name: s.Words[1].Text, pos: s.Pos}
	if !l.named(s) {
		return nil
	}
	if first := l.known.tracked[kind][t.name]; first != nil {
		l.defined(s, t.name, first.pos)
		return nil
	}
	put(&l.known.begun[kind], t.name, t)
	return t
}

// finishTracked reports names that nothing defines, and definitions that
// nothing names. A track_file or bfd_instance may be there for checks alone.
func (l *loader) finishTracked() {
	for _, u := range l.untracked {
		l.found = append(l.found, l.missing(u))
	}
	for _, kind := range [...]trackKind{trackedScript, trackedProcess} {
		for _, t := range l.tracked[kind] {
			if !t.used {
				l.warnf(t.pos, "remove it, or track it in a vrrp_instance or vrrp_sync_group", "%s %s is not used: nothing tracks it", kind, t.name)
			}
		}
	}
}

// missing says why a name is not tracked: it stands too low, or what it names
// cannot run, or there is none.
func (l *loader) missing(u untracked) Diagnostic {
	d := u.finding
	if below := l.known.tracked[u.kind][u.name]; below != nil {
		below.used = true // This is said here.
		d.Message += fmt.Sprintf("%s %s is defined below only, in %s: it is not tracked", u.kind, u.name, below.pos.LineFrom(d.Pos))
		d.See = below.pos
		d.Hint = fmt.Sprintf("move the %s above what tracks it", u.kind)
		return d
	}
	if void := l.known.begun[u.kind][u.name]; void != nil {
		d.Message += fmt.Sprintf("there is no usable %s %s: it is not tracked", u.kind, quote(u.name))
		d.Hint = "mend the one in " + void.pos.LineFrom(d.Pos)
		d.See = void.pos
		return d
	}
	d.Message += fmt.Sprintf("there is no %s %s: it is not tracked", u.kind, quote(u.name))
	if near := l.guess(u.name, func() []string { return names(l.tracked[u.kind]) }); near != "" && d.Hint == "" {
		d.Hint = fmt.Sprintf("did you mean %s?", near)
	}
	return d
}

// names are those of what can be tracked.
func names(all []*tracked) []string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = t.name
	}
	return out
}
