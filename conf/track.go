package conf

import (
	"fmt"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// maxWeight is the largest weight of a tracked thing: a priority is at most
// 254 and at least 1.
const maxWeight = 253

// tracking is one line that tells what an instance or a sync group tracks.
type tracking struct {
	keyword  string // track_interface, track_script, ...
	name     string
	weight   int  // 0: its failure is a fault
	reverse  bool // it counts while it fails what it counts while it does not
	weighted bool // the line says the weight; otherwise it is that of what it names
	ofGroup  bool // a sync group tracks it
	pos      syntax.Pos
}

// trackArgs is what stands behind track_script and its kin.
const trackArgs = "{ NAME [weight N [reverse|noreverse]] ... }"

// trackRow is a block of names of things that are defined above.
func trackRow[T any](name string, kind trackKind, limit int, at func(*T) *[]tracking) row[T] {
	return custom(name, trackArgs, func(t *T, l *loader, s *syntax.Statement) {
		known := namesTracked(*at(t), name)
		for _, e := range l.entries(s) {
			w := e.Words[0]
			if !l.trackedOnce(known, name, w) {
				continue
			}
			if of := l.track(kind, w); of != nil {
				line := tracking{keyword: name, name: w.Text, weight: of.weight, reverse: of.reverse, pos: w.Pos}
				l.trackWeight(e, &line, limit)
				*at(t) = append(*at(t), line)
				known[w.Text] = true
			}
		}
	}).shown(func(t *T) []Node { return showTracks(name, *at(t)) })
}

// namesTracked are the names that lines of a keyword track.
func namesTracked(lines []tracking, keyword string) map[string]bool {
	known := make(map[string]bool)
	for _, t := range lines {
		if t.keyword == keyword {
			known[t.name] = true
		}
	}
	return known
}

// trackedOnce reports a name that the block has already.
func (l *loader) trackedOnce(known map[string]bool, keyword string, w syntax.Word) bool {
	if known[w.Text] {
		l.errorf(w.Pos, "", "%s %s is listed twice", keyword, w.Text)
	}
	return !known[w.Text]
}

// addTracks reads track_interface: IF [weight N [reverse]] a line.
func (in *instance) addTracks(l *loader, s *syntax.Statement) {
	for _, t := range l.interfaceTracks(s, in.tracking()) {
		in.Track = append(in.Track, vrrp.TrackInterface{Name: t.name, Weight: t.weight, Reverse: t.reverse})
		in.use(s.Keyword(), syntax.Word{Text: t.name, Pos: t.pos})
	}
}

// interfaceTracks are the lines of a track_interface, but for those that the
// block has already.
func (l *loader) interfaceTracks(s *syntax.Statement, already []tracking) []tracking {
	known := namesTracked(already, s.Keyword())
	var lines []tracking
	for _, e := range l.entries(s) {
		w, ok := l.device(s.Keyword(), e.Words[0], Error)
		if !ok || !l.trackedOnce(known, s.Keyword(), w) {
			continue
		}
		if !l.canTrack(e, w.Text) {
			continue
		}
		t := tracking{keyword: s.Keyword(), name: w.Text, pos: w.Pos}
		l.trackWeight(e, &t, maxWeight)
		lines = append(lines, t)
		known[w.Text] = true
	}
	return lines
}

// canTrack reports a line of track_interface that says something else than a
// weight. What is meant may be no fault, so that as in keepalived it counts for
// nothing.
func (l *loader) canTrack(e *syntax.Statement, name string) bool {
	args := e.Args()
	switch {
	case len(args) == 0 || args[0].Text == "weight" && len(args) > 1:
		return true
	case args[0].Text == "weight":
		l.errorf(args[0].Pos, "", "interface %s is not tracked: weight lacks a value", name)
		return false
	}
	hint := "one interface a line"
	if args[0].Text == "reverse" || args[0].Text == "noreverse" {
		hint = "write weight N before it"
	} else if _, number := whole(args[0].Text, -maxWeight-1, maxWeight+1); number {
		hint = "write weight " + args[0].Text
	}
	l.errorf(args[0].Pos, hint, "interface %s is not tracked: %s cannot stand behind it, it takes weight N and reverse", name, quote(args[0].Text))
	return false
}

// trackWeight reads what stands behind a tracked name.
func (l *loader) trackWeight(e *syntax.Statement, t *tracking, limit int) {
	args := e.Args()
	for i := 0; i < len(args); i++ {
		switch w := args[i]; {
		case w.Text == "weight" && i+1 < len(args):
			i++
			n, ok := l.weight(e, args[i], t, limit)
			if !ok {
				// The weight that is used instead may still be turned round.
				t.weighted = t.keyword != "track_interface"
				continue
			}
			t.weight, t.weighted = n, true
			switch {
			case n == 0 && t.keyword == "track_interface":
				l.notef(args[i].Pos, "", "%s: weight 0 makes its loss a fault, as no weight does", e.Keyword())
			case n == 0:
				l.notef(args[i].Pos, "", "%s: weight 0 makes its failure a fault instead of a change of the priority", e.Keyword())
			}
		case w.Text == "weight":
			l.errorf(w.Pos, "", "%s: weight lacks a value", e.Keyword())
		case w.Text == "reverse" && i > 0 && (t.weighted || t.keyword == "track_interface"):
			t.reverse = true
		case w.Text == "noreverse" && t.weighted && t.keyword != "track_interface":
			t.reverse = false
		default:
			hint := ""
			if _, number := whole(w.Text, -maxWeight-1, maxWeight+1); number {
				hint = "write weight " + w.Text
			}
			l.errorf(w.Pos, hint, "%s: %s is ignored: it takes weight N and reverse", e.Keyword(), quote(w.Text))
		}
	}
}

// weight is a tracking weight. One out of range counts for nothing: the loss of
// an interface is a fault then, and other things have the weight that they are
// defined with. keepalived takes 254 for an interface as well and makes 253 of
// it: from 254 to 1 is as far as a priority can go, since 0 says that a router
// stops.
func (l *loader) weight(e *syntax.Statement, w syntax.Word, t *tracking, limit int) (n int, ok bool) {
	if t.keyword != "track_interface" {
		n, ok = whole(w.Text, -limit, limit)
		if !ok {
			l.errorf(w.Pos, hintFor(w.Text), "%s: weight %s is ignored, and %d is used: a weight is a number from %d to %d",
				e.Keyword(), quote(w.Text), t.weight, -limit, limit)
		}
		return n, ok
	}
	n, ok = whole(w.Text, -limit-1, limit+1)
	if !ok {
		l.errorf(w.Pos, hintFor(w.Text), "%s: weight %s is ignored, and its loss is a fault: a weight is a number from %d to %d",
			e.Keyword(), quote(w.Text), -limit, limit)
	}
	if cut := max(-limit, min(n, limit)); ok && cut != n {
		l.errorf(w.Pos, "", "%s: weight %d is cut to %d", e.Keyword(), n, cut)
		n = cut
	}
	return n, ok
}

// judgeTracks drops the own interface: its loss is a fault anyway.
func (in *instance) judgeTracks(l *loader) {
	in.Track = slices.DeleteFunc(in.Track, func(t vrrp.TrackInterface) bool {
		if t.Name != in.Interface || in.Manners.IgnorePrimary {
			return false
		}
		sev, what := Note, ""
		if t.Weight != 0 {
			sev, what = Warning, fmt.Sprintf(", its weight %d is ignored", t.Weight)
		}
		l.report(sev, in.dropUse("track_interface", t.Name), "", "track_interface %s is the instance's own interface: its loss is a fault anyway%s", t.Name, what)
		return true
	})
}

// tracking are all lines of the instance.
func (in *instance) tracking() []tracking {
	var lines []tracking
	for _, t := range in.Track {
		line := tracking{keyword: "track_interface", name: t.Name, weight: t.Weight, reverse: t.Reverse, weighted: t.Weight != 0 || t.Reverse, pos: in.pos}
		if i := slices.IndexFunc(in.uses, func(u InterfaceUse) bool { return u.Keyword == line.keyword && u.Name == t.Name }); i >= 0 {
			line.pos = in.uses[i].Pos
		}
		lines = append(lines, line)
	}
	return append(lines, in.tracks...)
}

// showTracks gives the block of a keyword.
func showTracks(keyword string, all []tracking) []Node {
	var lines []Node
	for _, t := range all {
		if t.keyword != keyword {
			continue
		}
		n := Node{Values: []any{t.name}, Pos: t.pos}
		if t.weighted {
			n.Values = append(n.Values, "weight", t.weight)
			switch {
			case t.reverse:
				n.Values = append(n.Values, "reverse")
			case keyword != "track_interface":
				n.Values = append(n.Values, "noreverse")
			}
		}
		lines = append(lines, n)
	}
	if lines == nil {
		return nil
	}
	return blockOf(keyword, nil, lines)
}
