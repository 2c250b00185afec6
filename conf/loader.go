package conf

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// loader reads one configuration: it holds what has been read so far and what
// was found wrong with it.
type loader struct {
	file  string
	found Diagnostics
	scope []scope             // the blocks that are being read, outermost first: they stand before every message
	homes map[string][]string // keyword -> where it may stand: "in vrrp_instance", "at the top level"

	global    globals
	instances []*instance
	groups    []*group
	services  []*service // judged by finishServices

	serverGroups []*vsGroup
	owner        map[ipvs.Key]*service // of every key that is in use
	marks        []mark                // of the services judged so far
	rules        int                   // of nftables that FULLNAT needs for them
	taken        map[place]bool        // of the service that is being judged
}

// scope is a block as messages name it: "vrrp_instance VI_1", or a real server
// by its address. It is put in words only for a message: of ten thousand real
// servers hardly one has any.
type scope struct {
	name   string
	server netip.AddrPort
}

func (s scope) String() string {
	if s.server.IsValid() {
		return "real_server " + serverName(s.server)
	}
	return s.name
}

// within runs f while messages name the block.
func (l *loader) within(name string, f func()) {
	l.scope = append(l.scope, scope{name: name})
	f()
	l.scope = l.scope[:len(l.scope)-1]
}

// withinServer runs f while messages name the real server.
func (l *loader) withinServer(a netip.AddrPort, f func()) {
	l.scope = append(l.scope, scope{server: a})
	f()
	l.scope = l.scope[:len(l.scope)-1]
}

// report adds a finding. The message names the block by itself, because a log
// shows it without the file beside it, and because a reload compares messages
// without their positions.
func (l *loader) report(sev Severity, pos syntax.Pos, hint, format string, args ...any) {
	var message strings.Builder
	for _, s := range l.scope {
		message.WriteString(s.String())
		message.WriteString(": ")
	}
	fmt.Fprintf(&message, format, args...)
	l.found = append(l.found, Diagnostic{Pos: pos, Severity: sev, Message: message.String(), Hint: hint})
}

func (l *loader) fatalf(pos syntax.Pos, hint, format string, args ...any) {
	l.report(Fatal, pos, hint, format, args...)
}

func (l *loader) errorf(pos syntax.Pos, hint, format string, args ...any) {
	l.report(Error, pos, hint, format, args...)
}

func (l *loader) warnf(pos syntax.Pos, hint, format string, args ...any) {
	l.report(Warning, pos, hint, format, args...)
}

func (l *loader) notef(pos syntax.Pos, hint, format string, args ...any) {
	l.report(Note, pos, hint, format, args...)
}

// idle reports a keyword that has no effect: keepalived has it and tandem has
// not, or neither of them.
func (l *loader) idle(s *syntax.Statement, k keyword) {
	if k.gone != "" {
		l.warnf(s.Pos, "remove it", "%s has no effect: %s", k.name, k.gone)
		return
	}
	l.warnf(s.Pos, "", "%s is not supported yet and has no effect", k.name)
	if k.inner != nil {
		l.checkNames(*k.inner, s.Block)
	}
}

// checkNames reports the unknown keywords of a block that is not built yet.
func (l *loader) checkNames(b block[none], statements []*syntax.Statement) {
	l.within(b.name, func() {
		for _, s := range statements {
			if s.Skip {
				continue
			}
			if r, ok := b.find(s.Keyword()); !ok {
				l.unknown(s, b.names())
			} else if r.inner != nil {
				l.checkNames(*r.inner, s.Block)
			}
		}
	})
}

// fits reports what is wrong with the form of a statement, and whether it can
// be read all the same.
func (l *loader) fits(s *syntax.Statement, k keyword) bool {
	sh, given := k.shape(), len(s.Args())
	switch {
	case given < sh.min:
		l.errorf(s.Pos, "", "%s lacks a value: %s %s", k.name, k.name, k.args)
		return false
	case k.exact && given > sh.max:
		l.errorf(s.Words[1+sh.max].Pos, "", "%s %s is ignored: the word %s is too many", k.name, s.Words[1].Text, quote(s.Words[1+sh.max].Text))
		return false
	case sh.braces && !s.Braced && !sh.bare:
		l.errorf(s.Pos, "", "%s lacks its block in braces and has no effect: %s %s", k.name, k.name, k.args)
		return false
	case sh.braces && !s.Braced:
		l.warnf(s.Pos, "keepalived would take the next line into it", "%s lacks its braces: it is read as %s { }", k.name, k.name)
	case !sh.braces && s.Braced:
		l.errorf(s.Pos, "", "%s has no block: what stands in the braces has no effect", k.name)
	}
	if sh.max >= 0 && given > sh.max {
		l.extra(s, sh.max)
	}
	return true
}

// named reports a block whose name is "", which nothing can refer to.
func (l *loader) named(s *syntax.Statement) bool {
	if s.Words[1].Text == "" {
		l.errorf(s.Words[1].Pos, "", "%s \"\" is ignored: it has no name", s.Keyword())
		return false
	}
	return true
}

// extra reports words that nothing will read, as keepalived does not read
// them either.
func (l *loader) extra(s *syntax.Statement, used int) {
	var words []string
	for _, w := range s.Args()[used:] {
		words = append(words, w.Text)
	}
	hint := ""
	if l.homes[words[0]] != nil {
		hint = "one statement per line"
	}
	l.warnf(s.Args()[used].Pos, hint, "%s: %s is left over and ignored", s.Keyword(), quote(strings.Join(words, " ")))
}

// entries are the statements of a block of values, one a line.
func (l *loader) entries(s *syntax.Statement) []*syntax.Statement {
	var out []*syntax.Statement
	for _, e := range s.Block {
		if e.Skip {
			continue
		}
		if e.Braced {
			l.errorf(e.Pos, "is a } missing above?", "%s holds one value a line, not the block %s", s.Keyword(), quote(e.Keyword()))
			continue
		}
		out = append(out, e)
	}
	return out
}
