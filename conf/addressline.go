package conf

import (
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// addressLine is one line of a block of addresses.
type addressLine struct {
	vrrp.Address
	pos    syntax.Pos
	dev    syntax.Word // that names its interface
	length bool        // it says a prefix length
	group  string      // its track_group; empty: none
	idle   []any       // options without effect, as they are shown again
}

// addressOf reads one address with its options; kind is that of its block. ok is
// false where the address cannot be used.
func (l *loader) addressOf(e *syntax.Statement, kind string) (a addressLine, ok bool) {
	w := e.Words[0]
	a.pos, a.length = w.Pos, strings.Contains(w.Text, "/")
	if !l.shared("address", w) {
		return a, false
	}
	if a.Prefix, ok = l.addressPrefix(w); !ok {
		return a, false
	}
	name := a.Prefix.Addr().String()
	if why := noVirtual(a.Prefix.Addr()); why != "" {
		l.errorf(w.Pos, "", "address %s is ignored: %s", name, why)
		return a, false
	}
	if what := edgeOf(a.Prefix); what != "" {
		// It is set all the same: clients elsewhere reach it, and have no other.
		l.warnf(w.Pos, "write another one, or a prefix length that is not that of the network",
			"address %s: %s: hosts of that network may take it for all of them, and open no connection to it", name, what)
	}
	args := e.Args()
	for i := 0; i < len(args); i++ {
		w := args[i]
		o, known := optionOf(w.Text)
		switch {
		case !known:
			// The address without its option is still better than none: an
			// option that is known and wrong may change where it goes, one
			// that is not known hardly does.
			hint := hintFor(w.Text)
			if _, isAddr := parseNetwork(w.Text); isAddr {
				hint = "one address a line"
			}
			l.errorf(w.Pos, hint, "address %s: unknown option %s is ignored", name, quote(w.Text))
			continue
		case o.args != "" && i+1 == len(args):
			l.errorf(w.Pos, "", "address %s is ignored: %s lacks a value", name, w.Text)
			return a, false
		}
		var value syntax.Word
		if o.args != "" {
			i++
			value = args[i]
		}
		if o.only != "" && o.only != kind {
			l.errorf(w.Pos, "", "address %s: %s is ignored: only a %s address can have it", name, w.Text, o.only)
			continue
		}
		before := len(l.found)
		if !o.read(l, &a, w, value) {
			return a, false
		}
		if o.effects == unbuilt && !refused(l.found[before:]) {
			a.idle = append(a.idle, o.name)
			if o.args != "" {
				a.idle = append(a.idle, value.Text)
			}
			l.idleOption(w, "address option")
		}
	}
	return a, true
}

// idleOption notes an option of a line that is not built.
func (l *loader) idleOption(w syntax.Word, what string) {
	l.idle(&syntax.Statement{Pos: w.Pos}, keyword{name: what + " " + w.Text, effects: unbuilt}, "")
}

// words are the line as a file would have it, without what is refused.
func (a addressLine) words() []any {
	words := []any{a.Prefix}
	if a.Dev != "" {
		words = append(words, "dev", a.Dev)
	}
	if a.Broadcast.IsValid() {
		words = append(words, "brd", a.Broadcast)
	}
	if a.Scope != 0 {
		words = append(words, "scope", scopeName(a.Scope))
	}
	if a.Label != "" {
		words = append(words, "label", a.Label)
	}
	if a.Peer.IsValid() {
		words[0] = a.Prefix.Addr() // It must not say a prefix length then.
		words = append(words, "peer", a.Peer)
	}
	switch a.Preferred.Mode {
	case vrrp.LifetimeFixed:
		words = append(words, "preferred_lft", int(a.Preferred.For/time.Second))
	case vrrp.LifetimeInfinite:
		words = append(words, "preferred_lft", "forever")
	}
	for _, f := range addressFlags {
		if *f.of(&a.Address) {
			words = append(words, f.name)
		}
	}
	if a.group != "" {
		words = append(words, "track_group", a.group)
	}
	return append(words, a.idle...)
}

// addressPrefix reads IP[/LEN]. Without a length, or with one that cannot be,
// it is the address alone, as in keepalived: a director whose interface has an
// address of the network already needs no second route to it.
func (l *loader) addressPrefix(w syntax.Word) (netip.Prefix, bool) {
	text, length, slash := strings.Cut(w.Text, "/")
	ip, ok := parseAddr(text)
	if !ok {
		l.errorf(w.Pos, hintFor(w.Text), "address %s is ignored: it is no IP address", quote(w.Text))
		return netip.Prefix{}, false
	}
	bits := ip.BitLen()
	if slash {
		n, ok := whole(length, 0, bits)
		if !ok {
			l.errorf(w.Pos, hintFor(w.Text), "address %s: the prefix length is not a number from 0 to %d: %d is used", quote(w.Text), bits, bits)
			n = bits
		}
		bits = n
	}
	return netip.PrefixFrom(ip, bits), true
}
