package syntax

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pos is where something stands in a configuration file. Line and Col count
// from 1, Col in bytes; zero means the file or line as a whole. What a variable
// or a sequence put there stands where that is used. It is comparable, and
// small: every word has one.
type Pos struct {
	File      string
	Line, Col int32
	From      *Inclusion // nil: the file that was asked for
}

// Inclusion is one reading of a file by an include statement, which stands at
// Pos. A file that is included twice has two.
type Inclusion struct {
	Pos Pos
}

// String is "file:line:col", without what is zero. A name may hold anything,
// and a terminal or a log shall see no control character of it.
func (p Pos) String() string {
	s := printable(p.File)
	if p.Line > 0 {
		s += ":" + strconv.Itoa(int(p.Line))
		if p.Col > 0 {
			s += ":" + strconv.Itoa(int(p.Col))
		}
	}
	return s
}

// printable is a name in which a mark stands for what cannot be printed.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, name)
}

// Chain are the places of the include statements that lead here, the outermost
// first.
func (p Pos) Chain() []Pos {
	var chain []Pos
	for from := p.From; from != nil; from = from.Pos.From {
		chain = append(chain, from.Pos)
	}
	slices.Reverse(chain)
	return chain
}

// LineFrom names the line for a sentence that a reader meets at another place:
// "line 4", and "line 4 of b.conf" where that place is in another file. A line
// that is read twice, since its file is included twice, is both places.
func (p Pos) LineFrom(at Pos) string {
	switch {
	case p.File != at.File:
		return "line " + strconv.Itoa(int(p.Line)) + " of " + printable(p.File)
	case p.Line == at.Line && p.From != at.From:
		return "this line, read twice"
	}
	return "line " + strconv.Itoa(int(p.Line))
}

// Compare orders positions as they are read: what is included stands where its
// include statement does, behind what that line says itself. Files of one include
// statement, and those that nothing includes, are in the order of their names.
func (p Pos) Compare(q Pos) int {
	if p.From == q.From {
		return p.within(q)
	}
	a, b := append(p.Chain(), p), append(q.Chain(), q)
	for i := range min(len(a), len(b)) {
		if c := a[i].within(b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// within orders places of one reading.
func (p Pos) within(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}
