package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// Against says where two directors' files do not make a pair: what differs and
// must not, and what is the same and must not be, each with what comes of it. A
// finding stands where this file says it, and its See where the other one does.
// What the files mean is compared, not what they say, so that it does not matter
// by which conditions, variables or templates they come to it. A file that is
// refused means nothing, and nothing is said.
func Against(this, other *File) Diagnostics {
	if this.loader == nil || other.loader == nil {
		return nil
	}
	c := &comparison{this: this.loader, other: other.loader}
	c.pairing = pairsOf(c.this.instances, c.other.instances)
	c.filled()
	c.pairs = c.instances()
	for _, p := range c.pairs {
		p.compare(c)
	}
	c.groups()
	c.tracking()
	c.services()
	c.sync()
	c.sysctls()
	c.identity()
	c.found.Sort()
	return c.found
}

// comparison is two files while they are compared.
type comparison struct {
	this, other *loader
	pairing     pairing
	pairs       []pair // rivals and strangers
	guessed     bool   // templates of the other file were filled in with this host
	found       Diagnostics
}

// report adds a finding; see is the place in the other file.
func (c *comparison) report(sev Severity, pos, see syntax.Pos, hint, format string, args ...any) {
	c.found = append(c.found, Diagnostic{Pos: pos, See: see, Severity: sev, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// filled reports templates of the other file that say what this host is: the
// addresses that they stand for cannot be compared.
func (c *comparison) filled() {
	c.guessed = len(c.other.filler.said) > 0 && c.other.options.Host == c.this.options.Host
	if c.guessed {
		c.report(Note, c.this.whole(), c.other.whole(), "give --against what tandem check --dump --show-secrets prints on the other director",
			"the templates of the other file are filled in with what this host is: the sources of adverts are not compared")
	}
}

// whole is a file as a whole, for what it does not say anywhere.
func (l *loader) whole() syntax.Pos { return syntax.Pos{File: l.file} }

// bothMaster is the worst that can come of two files.
const bothMaster = "both become master"

// bothSay is the usual remedy.
const bothSay = "write the same in both files"

// instances gives the pairs of instances, and says which have none and which
// pairs do not hear each other.
func (c *comparison) instances() []pair {
	all := c.pairing
	for _, p := range all.strangers {
		c.report(Error, p.here.said("virtual_router_id"), p.there.said("virtual_router_id"), bothSay,
			"%s: virtual_router_id %d here, %d there: they do not hear each other, and %s", p.name(), p.here.VRID, p.there.VRID, bothMaster)
	}
	for _, a := range all.here {
		c.report(Error, a.pos, c.other.whole(), "", "vrrp_instance %s with virtual_router_id %d is not there: when this director dies nobody takes %s over",
			a.Name, a.VRID, list(a.all()))
	}
	for _, b := range all.there {
		c.report(Error, c.this.whole(), b.pos, "", "vrrp_instance %s with virtual_router_id %d is not here: when the other director dies nobody takes %s over",
			b.Name, b.VRID, list(b.all()))
	}
	return slices.Concat(all.rivals, all.strangers)
}

// said is where an instance says a keyword, or where it begins.
func (in *instance) said(keywords ...string) syntax.Pos { return in.met.at(in.pos, keywords...) }

// all are the virtual addresses of an instance, excluded ones too.
func (in *instance) all() []netip.Addr {
	return slices.Concat(in.advertised(), in.excluded())
}

// advertised are those that adverts hold.
func (in *instance) advertised() []netip.Addr { return convert(in.Addresses, withoutLength) }

// excluded are those that adverts do not hold.
func (in *instance) excluded() []netip.Addr { return convert(in.Excluded, withoutLength) }

func withoutLength(a vrrp.Address) netip.Addr { return a.Prefix.Addr() }

// list puts values in a sentence: "a", "a and b", "a, b and 3 more".
func list[T any](values []T) string {
	const most = 4
	words := make([]string, 0, most)
	for i, v := range values {
		if i == most-1 && len(values) > most {
			words = append(words, fmt.Sprintf("%d more", len(values)-i))
			break
		}
		words = append(words, fmt.Sprint(v))
	}
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// without are the values of a that b has not.
func without[T comparable](a, b []T) []T {
	theirs := make(map[T]bool, len(b))
	for _, v := range b {
		theirs[v] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(v T) bool { return theirs[v] })
}

// is is the verb for so many.
func is[T any](of []T) string {
	if len(of) == 1 {
		return "is"
	}
	return "are"
}
