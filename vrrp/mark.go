package vrrp

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Mark is how far the adverts of a virtual router that are authenticated have
// been counted: what a router that starts again must know, so that adverts
// recorded before are refused still, and its own are not taken for recorded
// ones. It holds no secret and has a JSON form.
type Mark struct {
	Interface string    `json:"interface"`
	IPv6      bool      `json:"ipv6,omitempty"`
	VRID      uint8     `json:"vrid"`
	At        time.Time `json:"at"` // when the mark was made

	// Sequence is the last number of the authentication header, Stamp that of
	// our last signed advert, and Heard the last of each sender.
	Sequence uint32       `json:"sequence,omitempty"`
	Stamp    advert.Stamp `json:"stamp,omitempty"`
	Heard    []Heard      `json:"heard,omitempty"`
}

// protected reports whether the adverts of an instance are counted.
func (in Instance) protected() bool { return in.AuthHeader || in.HMAC != nil }

// mark returns how far the guard of an instance has counted.
func (g *guard) mark(cfg Instance, now time.Time) Mark {
	return Mark{
		Interface: cfg.Interface, IPv6: cfg.IPv6(), VRID: cfg.VRID, At: now.Round(0),
		Sequence: g.sequence, Stamp: g.stamp, Heard: slices.Clone(g.heard),
	}
}

// maxLead bounds by how much a guard goes ahead of its mark. Version 2 sends an
// advert a second at most, but for answers.
const maxLead = 1 << 20

// restore goes on from a mark. Since it was made others may have heard more of
// us, so our numbers skip what we can have sent meanwhile, twice over for the
// answers to lower masters; what is heard is measured by the mark itself.
func (g *guard) restore(cfg Instance, m Mark, now time.Time) {
	g.sequence, g.stamp, g.heard = m.Sequence, m.Stamp, slices.Clone(m.Heard)
	if since := now.Sub(m.At); m.Sequence > 0 {
		g.lead = uint32(min(2*max(since, 0)/cfg.Interval+2, maxLead))
	}
}

// keepMarks makes the marks of all instances that count, in configured order,
// and of those that are gone or have not started.
func (l *loop) keepMarks() {
	var marks []Mark
	for _, in := range l.instances {
		if in.cfg.protected() {
			marks = append(marks, in.guard.mark(in.cfg, l.now))
		}
	}
	marks = append(marks, l.parted...)
	l.router.kept.Store(&marks)
}

// part keeps the mark of an instance that is taken out of the configuration:
// it may come back.
func (l *loop) part(in *instance) {
	if in.cfg.protected() && len(l.parted) < maxParted {
		l.parted = append(l.parted, in.guard.mark(in.cfg, l.now))
	}
}

// maxParted bounds the marks of instances that are not configured.
const maxParted = 1024

// recall gives a new instance the mark that it left, if there is one.
func (l *loop) recall(in *instance) {
	i := slices.IndexFunc(l.parted, func(m Mark) bool {
		return m.Interface == in.cfg.Interface && m.IPv6 == in.cfg.IPv6() && m.VRID == in.cfg.VRID
	})
	if i >= 0 {
		in.guard.restore(in.cfg, l.parted[i], l.now)
		l.parted = slices.Delete(l.parted, i, i+1)
	}
}

// Marks returns how far authenticated adverts have been counted, as of now, or
// when the loop has no time to answer as of the last call, or of when Run
// returned. Whoever keeps them passes them to Restore at the next start. There
// is none without an instance that authenticates by AH or HMAC. The caller must
// not change them.
func (r *Router) Marks() []Mark {
	r.ask((*loop).keepMarks)
	return *r.kept.Load()
}

// Restore goes on from the marks of a run before. It is called before Run, and
// at most once.
func (r *Router) Restore(marks []Mark) {
	marks = slices.Clone(marks)
	r.kept.Store(&marks)
}
