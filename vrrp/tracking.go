package vrrp

import (
	"net/netip"
	"slices"
)

// Influence is what one tracked thing does to an instance just now.
type Influence struct {
	Source string // "interface eth1", "script chk"
	Delta  int    // of the priority
	Fault  bool
	Detail string // why, if that is known: "exit status 1"
	Void   bool   // it cannot be told, and counts for nothing
}

// setLink takes what the kernel says of an interface.
func (l *loop) setLink(st LinkState) {
	if known, ok := l.links[st.Name]; ok && known == st {
		return
	}
	l.links[st.Name] = st
	for _, in := range l.instances {
		if in.cfg.Interface == st.Name {
			l.tellLink(in)
		}
		if l.follows(in, st.Name, Item{}) {
			l.track(in)
			if in.state == Init {
				l.tellLink(in) // It may have waited for this.
			}
		}
	}
}

// setItem takes the state of a tracked item. What nobody tracks is remembered: a
// reload may track it.
func (l *loop) setItem(item Item, st ItemState) {
	if known, ok := l.items[item]; ok && known == st {
		return
	}
	l.items[item] = st
	for _, in := range l.instances {
		if l.follows(in, "", item) {
			l.track(in)
			if in.state == Init {
				l.tellLink(in) // It may have waited for this.
			}
		}
	}
}

// tellLink tells an instance of its interface once both are known: its state,
// and whether it can be heard. A down timer that ran while it could not would
// measure nothing. Where a reload asks to hear something else, what was known
// before counts until the network says more.
func (l *loop) tellLink(in *instance) {
	st, known := l.links[in.cfg.Interface]
	h := l.hearings[in.cfg.listen()]
	if !h.told && in.linkKnown {
		h = verdict{true, in.link.Deaf}
	}
	if !known || !h.told || in.state == Init && (l.mustWait(in) || in.awaitsSource(st)) {
		return
	}
	link := Link{Exists: st.Exists, Up: st.Up, Primary: st.Primary, Owned: st.Owned, Deaf: h.deaf, Silent: st.Silent}
	if in.cfg.IPv6() {
		link.Primary, link.Owned = st.Primary6, netip.Addr{}
	}
	if in.cfg.Source.IsValid() {
		link.Lost = !st.has(in.cfg.Source)
	}
	l.step(in, link)
}

// awaitsSource reports whether the only thing that is wrong with an instance's
// source is that the kernel still checks the link-local address for duplicates,
// which takes it a second or two after a boot. It does not start before: it would
// be in FAULT until then, and its sync group with it.
func (in *instance) awaitsSource(st LinkState) bool {
	return in.cfg.IPv6() && !in.cfg.Source.IsValid() && st.Up && st.Tentative6
}

// track tells an instance what has changed of all that it follows. A
// weight of what is not known yet counts for nothing.
func (l *loop) track(in *instance) {
	now := l.influences(in)
	for _, was := range in.told {
		if !slices.ContainsFunc(now, func(f Influence) bool { return f.Source == was.Source }) {
			l.influence(in, was, Influence{Source: was.Source})
		}
	}
	for _, is := range now {
		was := Influence{Source: is.Source}
		if i := slices.IndexFunc(in.told, func(f Influence) bool { return f.Source == is.Source }); i >= 0 {
			was = in.told[i]
		}
		l.influence(in, was, is)
	}
	in.told = now
}

func (l *loop) influence(in *instance, was, is Influence) {
	if was.Delta != is.Delta {
		l.step(in, Priority{Source: is.Source, Delta: is.Delta, Detail: is.Detail})
	}
	if was.Fault != is.Fault || is.Fault && was.Detail != is.Detail {
		l.step(in, Defect{Why: is.Source, On: is.Fault, Detail: is.Detail})
	}
}

// influences are those of all that an instance follows and of which something is
// known: its own, those of its sync group, and in a weighted one what changes the
// priority of the other members. Each counts once, as it is named first.
func (l *loop) influences(in *instance) (all []Influence) {
	add := func(f Influence) {
		if !slices.ContainsFunc(all, func(g Influence) bool { return g.Source == f.Source }) {
			all = append(all, f)
		}
	}
	g := &in.entry.cfg
	l.each(in.cfg.Track, in.cfg.Items, add)
	l.each(g.Track, g.Items, add)
	if g.Weighted {
		for _, other := range in.entry.instances {
			l.each(other.cfg.Track, other.cfg.Items, func(f Influence) {
				if !f.Fault {
					add(f)
				}
			})
		}
	}
	return all
}

// each gives the influences of those things that something is known of.
func (l *loop) each(tracks []TrackInterface, items []TrackItem, give func(Influence)) {
	for _, t := range tracks {
		if st, known := l.links[t.Name]; known {
			f := Influence{Source: "interface " + t.Name}
			f.Delta, f.Fault = t.Effect(st.Exists && st.Up)
			give(f)
		}
	}
	for _, t := range items {
		if st, known := l.items[t.Item]; known {
			f := Influence{Source: t.Item.String(), Detail: st.Detail, Void: st.Void}
			f.Delta, f.Fault = t.Effect(st)
			give(f)
		}
	}
}

// mustWait reports whether an interface or something without a weight that an
// instance follows has not been told yet. It does not start before, as in
// keepalived: it could become master, and be in FAULT a moment later. A file it
// awaits in any case: what it holds can be a fault, and is read at once.
func (l *loop) mustWait(in *instance) bool {
	for _, t := range slices.Concat(in.cfg.Track, in.entry.cfg.Track) {
		if _, known := l.links[t.Name]; !known {
			return true
		}
	}
	for _, t := range slices.Concat(in.cfg.Items, in.entry.cfg.Items) {
		if _, known := l.items[t.Item]; known || t.Weight != 0 && t.Kind != File {
			continue
		}
		if in.waits != t.Item {
			in.waits = t.Item
			l.log.Info("an instance waits for the first result of what it tracks", "instance", in.cfg.Name, "item", t.Item.String())
		}
		return true
	}
	return false
}

// follows reports whether an instance is influenced by an interface or an item.
func (l *loop) follows(in *instance, iface string, item Item) bool {
	g := &in.entry.cfg
	if tracks(in.cfg.Track, in.cfg.Items, iface, item) || tracks(g.Track, g.Items, iface, item) {
		return true
	}
	return g.Weighted && slices.ContainsFunc(in.entry.instances, func(other *instance) bool {
		return tracks(other.cfg.Track, other.cfg.Items, iface, item)
	})
}

func tracks(interfaces []TrackInterface, items []TrackItem, iface string, item Item) bool {
	return slices.ContainsFunc(interfaces, func(t TrackInterface) bool { return t.Name == iface }) ||
		slices.ContainsFunc(items, func(t TrackItem) bool { return t.Item == item })
}

// weighs reports whether anything that the instance tracks has a weight.
func (in Instance) weighs() bool {
	return slices.ContainsFunc(in.Track, func(t TrackInterface) bool { return t.Weight != 0 }) ||
		slices.ContainsFunc(in.Items, func(t TrackItem) bool { return t.Weight != 0 })
}
