package conf

import (
	"fmt"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// loader reads one configuration: it holds what has been read so far and what
// was found wrong with it.
type loader struct {
	reporter
	file      string
	guesses   int                 // at what unknown words mean
	haproxy   bool                // the file has words of HAProxy: those that are keywords elsewhere are its own too
	misplaced *syntax.Pos         // of the first block that belongs in one around its own
	idles     map[string]*idleUse // by block and keyword
	without   int                 // how many blocks around what is being read have no effect
	options   Options
	filler    filler

	forgotten [Note + 1]int // findings beyond their bound, by severity
	forgetAt  int           // how many there are when the next ones are dropped

	root      seen // of the top level
	known     index
	global    globals
	tracked   [trackKinds][]*tracked // what can be tracked, by kind
	untracked []untracked            // what was to be tracked and stood nowhere above

	scripts    []*script
	trackFiles []*trackFile
	processes  []*trackProcess
	sessions   []*bfdSession

	trackGroups  []*trackGroup
	kept         static
	rulesWithout [2]uint32 // how many rules of IPv4 and IPv6 say no preference
	instances    []*instance
	groups       []*group
	garpGroups   []*garpGroup
	linkDelays   []linkDelay
	services     []*service // judged by finishServices

	serverGroups []*vsGroup
	owner        map[ipvs.Key]*service // of every key that is in use
	rules        int                   // of nftables that FULLNAT needs for them
	taken        map[place]bool        // of the service that is being judged
}

// defined reports a block whose name another one above has.
func (l *loader) defined(s *syntax.Statement, name string, first syntax.Pos) {
	l.seeing(Error, s.Pos, first, "", "%s %s is defined already, in %s: the block is ignored", s.Keyword(), name, first.LineFrom(s.Pos))
}

// idleUse is something that files do again and again, such as a keyword without
// effect: it is reported once, where it stands first.
type idleUse struct {
	diagnostic Diagnostic
	also       string // what the places behind it are: "nor in"
	more       int    // how many they are
}

// idle notes a statement of a keyword that has no effect: it is not built, or
// there is nothing here that it could change.
func (l *loader) idle(s *syntax.Statement, k keyword, block string) {
	if l.without > 0 {
		return // That is said of the block.
	}
	subject := k.about
	if subject == "" {
		subject = block + " " + k.name
	}
	l.sparingly(subject, "nor in", func() Diagnostic {
		switch {
		case k.effects == gone:
			return l.finding(Warning, s.Pos, "remove it", "%s has no effect: %s", k.name, k.why)
		case k.effects == inert:
			return l.finding(Note, s.Pos, "", "%s has no effect here: %s", k.name, k.why)
		case k.why != "":
			return l.finding(Warning, s.Pos, "", "%s is not supported yet and has no effect: %s", k.name, k.why)
		}
		return l.finding(Warning, s.Pos, "", "%s is not supported yet and has no effect", k.name)
	})
}

// sparingly reports a finding once, and counts its further places. The name
// tells it from others; also is "nor in" or "also in".
func (l *loader) sparingly(name, also string, finding func() Diagnostic) {
	if u := l.idles[name]; u != nil {
		u.more++
		return
	}
	if l.idles == nil {
		l.idles = make(map[string]*idleUse)
	}
	l.idles[name] = &idleUse{diagnostic: finding(), also: also}
}

// finishIdle reports what is said once.
func (l *loader) finishIdle() {
	for _, u := range l.idles {
		d := u.diagnostic
		switch {
		case u.more == 1:
			d.Message += fmt.Sprintf(" (%s 1 other place)", u.also)
		case u.more > 1:
			d.Message += fmt.Sprintf(" (%s %d other places)", u.also, u.more)
		}
		l.found = append(l.found, d)
	}
}

// fits reports what is wrong with the form of a statement, and whether it can
// be read all the same.
func (l *loader) fits(s *syntax.Statement, k keyword) bool {
	sh, given := k.shape(), len(s.Args())
	switch {
	case given < sh.min:
		hint := ""
		if k.args == "STRING" {
			hint = "what begins with # or ! is a comment: put it in double quotes"
		}
		l.errorf(s.Pos, hint, "%s lacks a value: %s %s", k.name, k.name, k.args)
		l.classify(MissingArgument)
		return false
	case k.exact && given > sh.max:
		l.errorf(s.Words[1+sh.max].Pos, "", "%s %s is ignored: the word %s is too many", k.name, s.Words[1].Text, quote(s.Words[1+sh.max].Text))
		return false
	case k.secret && masked(s.Words[sh.max]):
		l.errorf(s.Words[sh.max].Pos, "put the password back, or dump with --show-secrets", "%s is ignored: it was masked by tandem check --dump", k.name)
		return false
	case sh.braces && !s.Braced && !sh.bare:
		l.errorf(s.Pos, "", "%s lacks its block in braces and has no effect: %s %s", k.name, k.name, k.args)
		return false
	case sh.braces && !s.Braced:
		l.warnf(s.Pos, "keepalived would take the next line into it", "%s lacks its braces: it is read as %s { }", k.name, k.name)
	case !sh.braces && s.Braced:
		l.errorf(s.Pos, "", "%s has no block: what stands in the braces has no effect", k.name)
		s.Braced, s.Block = false, nil
	}
	if sh.max >= 0 && given > sh.max {
		if k.secret {
			l.warnf(s.Args()[sh.max].Pos, "put a value with blanks in double quotes", "%s: what stands behind the value is left over and ignored", s.Keyword())
			return true
		}
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
	if l.words().homes[words[0]] != nil {
		hint = "one statement per line"
	}
	left := quote(strings.Join(words, " "))
	if Private(s.Keyword()) {
		left = l.discreet(left)
	}
	l.warnf(s.Args()[used].Pos, hint, "%s: %s is left over and ignored", s.Keyword(), left)
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
			e.Refused = true
			continue
		}
		out = append(out, e)
	}
	return out
}
