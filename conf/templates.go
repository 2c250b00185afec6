package conf

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/conf/template"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// Templates: a word in double quotes such as "{{ GetInterfaceIP `eth1` }}" may
// stand wherever an address or an interface of one director stands. It is filled
// in while the file is read, so that everything behind sees an ordinary word.

// filler fills in the templates of one file.
type filler struct {
	// again reads the file once more. A virtual address may stand below the
	// template that must not give it, and few files have a template at all.
	again func(take func(*syntax.Statement))
	host  []template.Interface // without virtual addresses
	said  map[string]bool      // the templates whose result has been told; nil: there was none yet
}

// errNoHost is for a file that is read without a host, on another one perhaps.
var errNoHost = errors.New("a template needs the host that it is filled in for: check the file there")

// template fills in a word, if it is a template. It reports one that gives
// nothing, and false.
func (l *loader) template(setting string, w syntax.Word, sev Severity) (syntax.Word, bool) {
	filled, err := l.fill(setting, w)
	switch {
	case err == nil:
		return filled, true
	case sev == Fatal:
		// What it finds changes with the host: a director that boots before its
		// network must run the rest.
		l.errorf(w.Pos, "reload once this host has what it looks for", "the block is ignored: %s %s: %v", setting, quote(w.Text), err)
	default:
		l.report(sev, w.Pos, "", "%s %s is ignored: %v", setting, quote(w.Text), err)
	}
	return w, false
}

// fill fills in a word, if it is a template, and tells what it gives. The result
// stands where the template does.
func (l *loader) fill(setting string, w syntax.Word) (syntax.Word, error) {
	if !isTemplate(w) {
		return w, nil
	}
	if l.options.Host == nil {
		return w, errNoHost
	}
	if l.filler.said == nil {
		l.filler = filler{again: l.filler.again, host: l.ownAddresses(), said: make(map[string]bool)}
	}
	text, err := template.Evaluate(w.Text, l.filler.host)
	if err != nil {
		return w, err
	}
	if !l.filler.said[w.Text] {
		l.filler.said[w.Text] = true
		l.notef(w.Pos, "", "%s %s is %s on this host", setting, quote(w.Text), text)
	}
	w.Text = text
	return w, nil
}

// isTemplate tells a template from a word: it stands in quotes, where braces are
// none of a block.
func isTemplate(w syntax.Word) bool { return w.Quoted && template.Holds(w.Text) }

// shared tells that a word is no template where both directors must have the
// same, and reports one.
func (l *loader) shared(setting string, w syntax.Word) bool {
	if !isTemplate(w) {
		return true
	}
	l.errorf(w.Pos, "write the address", "%s %s is ignored: no template can stand here, because both directors must have the same", setting, quote(w.Text))
	return false
}

// ownAddresses are the facts that templates see: the host's, without the virtual
// addresses of this file. These are on the host while it is master, and a reload
// must not take one for the director's own.
func (l *loader) ownAddresses() []template.Interface {
	var floats floats
	l.filler.again(floats.collect)
	host := make([]template.Interface, 0, len(l.options.Host.Interfaces))
	for _, in := range l.options.Host.Interfaces {
		host = append(host, template.Interface{
			Name: in.Name, Index: in.Index, MTU: in.MTU, HardwareAddr: in.HardwareAddr,
			Up: in.Up, Loopback: in.Loopback, Broadcast: in.Broadcast, Multicast: in.Multicast, PointToPoint: in.PointToPoint,
			Default4: in.Default4, Default6: in.Default6,
			Addresses: slices.DeleteFunc(slices.Clone(in.Addresses), func(p netip.Prefix) bool { return floats.has(p.Addr()) }),
		})
	}
	return host
}

// floats are the addresses that move between directors, as the words of a file
// have them: a block that is ignored may have been there before.
type floats []rules.Range

func (f floats) has(a netip.Addr) bool {
	return slices.ContainsFunc(f, func(r rules.Range) bool { return !a.Less(r.First) && !r.Last.Less(a) && r.First.Is4() == a.Is4() })
}

// collect notes the addresses of one statement of the top level.
func (f *floats) collect(s *syntax.Statement) {
	for _, inner := range s.Block {
		switch s.Keyword() + " " + inner.Keyword() {
		case "vrrp_instance virtual_ipaddress", "vrrp_instance virtual_ipaddress_excluded":
			for _, e := range inner.Block {
				f.add(e.Keyword())
			}
		case "virtual_server snat_pool":
			for _, w := range inner.Args() {
				f.add(w.Text)
			}
		}
	}
}

// add notes an address, with or without a prefix length, or a range.
func (f *floats) add(text string) {
	text, _, _ = strings.Cut(text, "/")
	if r, why := parseRange(text); why == "" {
		*f = append(*f, r)
	}
}
