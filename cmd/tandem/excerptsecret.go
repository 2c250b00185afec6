package main

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

// secrets are the keywords behind which nobody looks over a shoulder.
var secrets = regexp.MustCompile(`(^|[\s{])(auth_pass|password|key)\s+`)

// hide puts stars over what stands behind a secret's keyword, without a change
// of length.
func hide(line []byte) []byte {
	at := secrets.FindIndex(line)
	if at == nil {
		return line
	}
	hidden := bytes.Clone(line)
	for i := at[1]; i < len(hidden); i++ {
		if c := hidden[i]; c != ' ' && c != '\t' && c != '"' && c != '{' && c != '}' {
			hidden[i] = '*'
		}
	}
	return hidden
}

// privateReach is how many lines above a line its blocks are looked for.
const privateReach = 300

// private is from where on a line belongs to a block that holds passwords; -1: it
// does not. Braces are counted upwards, through the includes that lead here.
func (s *sources) private(at syntax.Pos, line []byte) int {
	depth, reach := 0, privateReach
	for place := &at; place != nil; {
		lines := s.of(place.File)
		for n := min(int(place.Line)-1, len(lines)) - 1; n >= 0 && reach > 0; n-- {
			reach--
			if opens(lines[n], &depth) {
				return 0
			}
		}
		if place.From == nil {
			break
		}
		place = &place.From.Pos
	}
	for _, w := range words.FindAllIndex(line, -1) {
		if conf.Private(string(line[w[0]:w[1]])) {
			return w[1]
		}
	}
	return -1
}

// words are what stands between blanks and braces.
var words = regexp.MustCompile(`[^\s{}"]+`)

// opens tells whether a line opens a private block that the lines below it, which
// close so many more blocks than they open, leave open.
func opens(line []byte, depth *int) bool {
	if i := bytes.IndexAny(line, "#!"); i >= 0 {
		line = line[:i]
	}
	for {
		i := bytes.LastIndexAny(line, "{}")
		switch {
		case i < 0:
			return false
		case line[i] == '}':
			*depth++
		case *depth > 0:
			*depth--
		case slices.ContainsFunc(words.FindAll(line[:i], -1), func(w []byte) bool { return conf.Private(string(w)) }):
			return true
		}
		line = line[:i]
	}
}

// discreet puts stars over what could be a password in a line of a private
// block, from a column on.
func (s *sources) discreet(line []byte, from int) []byte {
	hidden := bytes.Clone(line)
	for _, w := range words.FindAllIndex(line, -1) {
		if word := line[w[0]:w[1]]; w[0] >= from && !s.harmless()(string(word)) {
			copy(hidden[w[0]:], bytes.Repeat([]byte("*"), len(word)))
		}
	}
	return hidden
}
