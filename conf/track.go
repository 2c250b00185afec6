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

// addTracks reads track_interface: IF [weight N [reverse]] a line.
func (in *instance) addTracks(l *loader, s *syntax.Statement) {
	for _, e := range l.entries(s) {
		name := e.Words[0]
		if !l.interfaceName(s, name, Error) {
			continue
		}
		if slices.ContainsFunc(in.Track, func(t vrrp.TrackInterface) bool { return t.Name == name.Text }) {
			l.errorf(name.Pos, "", "track_interface %s is listed twice", name.Text)
			continue
		}
		t := vrrp.TrackInterface{Name: name.Text}
		t.Weight, t.Reverse = l.trackWeight(e)
		in.Track = append(in.Track, t)
		in.use(s.Keyword(), name)
	}
}

// trackWeight reads what stands behind a tracked name.
func (l *loader) trackWeight(e *syntax.Statement) (weight int, reverse bool) {
	args := e.Args()
	for i := 0; i < len(args); i++ {
		switch w := args[i]; {
		case w.Text == "weight" && i+1 < len(args):
			i++
			weight = l.weight(e, args[i])
		case w.Text == "weight":
			l.errorf(w.Pos, "", "%s: weight lacks a value", e.Keyword())
		case w.Text == "reverse" && i > 0:
			reverse = true
		default:
			l.errorf(w.Pos, "", "%s: %s is ignored: it takes weight N and reverse", e.Keyword(), quote(w.Text))
		}
	}
	return weight, reverse
}

// weight is a tracking weight; one out of range counts as 0, which makes the
// loss a fault. keepalived takes 254 as well and makes 253 of it: from 254 to 1
// is as far as a priority can go, since 0 says that a router stops.
func (l *loader) weight(e *syntax.Statement, w syntax.Word) int {
	n, ok := whole(w.Text, -maxWeight-1, maxWeight+1)
	switch {
	case !ok:
		l.errorf(w.Pos, hintFor(w.Text), "%s: weight %s is ignored, and its loss is a fault: a weight is a number from %d to %d",
			e.Keyword(), quote(w.Text), -maxWeight, maxWeight)
		return 0
	case n > maxWeight || n < -maxWeight:
		cut := max(-maxWeight, min(n, maxWeight))
		l.errorf(w.Pos, "", "%s: weight %d is cut to %d", e.Keyword(), n, cut)
		return cut
	}
	return n
}

// judgeTracks drops the own interface: its loss is a fault anyway.
func (in *instance) judgeTracks(l *loader) {
	in.Track = slices.DeleteFunc(in.Track, func(t vrrp.TrackInterface) bool {
		if t.Name != in.Interface {
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
