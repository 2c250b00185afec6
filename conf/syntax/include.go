package syntax

import (
	"path/filepath"
	"slices"
	"strings"
)

const (
	// maxIncludes is how many files may include one another. keepalived ends
	// when it has no file descriptors left.
	maxIncludes = 32
	// MaxMade is the bound of Options where they have none.
	MaxMade = 32 << 20
	// maxAlternatives is how many patterns one may be by its braces.
	maxAlternatives = 1024
)

// checks say what about an include is fatal.
type checks uint8

const (
	readable   checks = 1 << iota // a file that cannot be read, or must not be included
	match                         // a name that is not there
	wildcard                      // a pattern that matches nothing
	everyBrace                    // one alternative in braces that matches nothing
	everything = readable | match | wildcard | everyBrace
)

// includes are the statements, by their last letter, and what they add to the
// checks of the file.
var includes = map[string]checks{
	"include":  0,
	"includer": readable,
	"includem": readable | match,
	"includew": readable | match | wildcard,
	"includeb": readable | everyBrace,
	"includea": everything,
}

// checkNames are the words of include_check, in full and as keepalived's manual
// has them.
var checkNames = map[string]checks{
	"read": readable, "readable": readable, "match": match,
	"wildcard_match": wildcard, "brace_match": everyBrace,
}

// check reads include_check, which changes what is fatal up to the end of the
// file that it stands in. What is wrong with its words is not said here.
func (p *parser) check(args []Word) {
	set, sign := checks(0), byte(0)
	if len(args) == 0 {
		p.checks = everything
	}
	for i, w := range args {
		name := w.Text
		if name != "" && (name[0] == '+' || name[0] == '-') {
			sign, name = name[0], name[1:]
			if i == 0 {
				set = p.checks
			}
		}
		if sign == '-' {
			set &^= checkNames[name]
		} else {
			set |= checkNames[name]
		}
		p.checks = set
	}
}

// includeHead returns the length of the include statement's keyword that s
// begins with, or 0.
func includeHead(s string) int {
	if !strings.HasPrefix(s, "include") {
		return 0
	}
	n := strings.IndexFunc(s, func(r rune) bool { return r < 0x80 && blank(byte(r)) })
	if n < 0 {
		n = commentAt(s)
	}
	if _, ok := includes[s[:n]]; !ok {
		return 0
	}
	return n
}

// inclusion is one include statement.
type inclusion struct {
	keyword string
	at      Pos
	checks  checks
	parser  *parser
}

// include reads the include statement at the offset, which takes the rest of
// the line, and the files that it names.
func (p *parser) include(l line, from, head int) bool {
	in := inclusion{keyword: l.text[from : from+head], at: p.pos(l, from), parser: p}
	in.checks = p.checks | includes[in.keyword]
	pattern := value(l.text[from+head:])
	if !l.expanded && strings.Contains(pattern, "$") {
		expanded, more := p.expand(l, from+head)
		pattern = value(expanded.text)
		l.bad = expanded.bad || len(more.bodies) > 0
	}
	p.last = nil
	if p.undefined(Word{Text: pattern, Pos: in.at}) || l.bad {
		return true
	}
	if p.options.Files == nil || pattern == "" {
		p.report(Problem{Pos: in.at, Kind: NoFiles, Text: pattern, Keyword: in.keyword})
		return true
	}
	paths, ok := in.find(pattern)
	if !ok {
		return true
	}
	for _, path := range paths {
		if !in.read(path) {
			return false
		}
	}
	return true
}

// find lists the files that a pattern names.
func (in inclusion) find(pattern string) (paths []string, ok bool) {
	p := in.parser
	alternatives := braces(pattern, maxAlternatives)
	if alternatives == nil {
		in.fail(pattern, "its braces give too many names", readable)
		return nil, false
	}
	var missing []string
	for _, a := range alternatives {
		path := a
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(p.reader.file), path)
		}
		if !p.spend(in.at, len(path)) {
			return nil, false
		}
		found, err := p.options.Files.Glob(path)
		if err != nil {
			in.fail(a, err.Error(), readable)
			continue
		}
		if len(found) == 0 {
			missing = append(missing, a)
		}
		paths = append(paths, found...)
	}
	for _, a := range missing {
		kind, check := MissingFile, match
		if strings.ContainsAny(a, "*?[") {
			kind, check = NoMatch, wildcard
		}
		if len(paths) > 0 { // another alternative is there
			check = everyBrace
		}
		p.report(Problem{Pos: in.at, Kind: kind, Text: a, Keyword: in.keyword, Strict: in.checks&check != 0})
	}
	return paths, true
}

// read reads one file in place of the include statement.
func (in inclusion) read(path string) bool {
	p := in.parser
	if i := slices.Index(p.paths, filepath.Clean(path)); i >= 0 {
		if p.looped[p.paths[i]] && in.checks&readable == 0 {
			return p.spend(in.at, len(path))
		}
		if p.looped == nil {
			p.looped = make(map[string]bool)
		}
		p.looped[p.paths[i]] = true
		chain := append(slices.Clone(p.paths[i:]), path)
		in.failAs(IncludeLoop, path, strings.Join(chain, " -> "), readable)
		return true
	}
	if len(p.paths) == maxIncludes {
		in.failAs(IncludeLoop, path, "", readable)
		return true
	}
	src, err := p.options.Files.Read(path)
	if err != nil {
		in.fail(path, err.Error(), readable)
		return true
	}
	if !p.spend(in.at, len(src)+1024) {
		return false
	}
	if problem, no := binary(path, src); no {
		in.fail(path, "it holds "+problem.Kind.String()+" data", readable)
		return true
	}
	reader, from, checks := p.reader, p.from, p.checks
	p.from = &Inclusion{Pos: in.at}
	p.paths = append(p.paths, filepath.Clean(path))
	ok := p.file(path, src)
	p.paths = p.paths[:len(p.paths)-1]
	p.reader, p.from, p.checks = reader, from, checks
	return ok
}

func (in inclusion) fail(path, why string, c checks) { in.failAs(Unreadable, path, why, c) }

func (in inclusion) failAs(k Kind, path, why string, c checks) {
	in.parser.report(Problem{Pos: in.at, Kind: k, Text: path, Why: why, Keyword: in.keyword, Strict: in.checks&c != 0})
}

// braces expands the "{a,b}" of a pattern, which may stand within one another;
// nil: there are more than limit. Braces without a fellow stand for themselves.
func braces(pattern string, limit int) []string {
	depth, start := 0, -1
	for i := range len(pattern) {
		switch {
		case pattern[i] == '{':
			if depth++; depth == 1 {
				start = i
			}
		case pattern[i] == '}' && depth > 0:
			if depth--; depth > 0 {
				continue
			}
			var all []string
			tails := braces(pattern[i+1:], limit)
			for _, piece := range split(pattern[start+1 : i]) {
				heads := braces(piece, limit)
				if len(all)+len(heads)*len(tails) > limit || heads == nil || tails == nil {
					return nil
				}
				for _, head := range heads {
					for _, tail := range tails {
						all = append(all, pattern[:start]+head+tail)
					}
				}
			}
			return all
		}
	}
	return []string{pattern}
}
