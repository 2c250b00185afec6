package syntax

import (
	"cmp"
	"strconv"
)

// Pos is where something stands in a configuration file. Line and Col count
// from 1, Col in bytes; zero means the file or line as a whole. It is comparable,
// and small: every word has one.
type Pos struct {
	File      string
	Line, Col int32
}

// String is "file:line:col", without what is zero.
func (p Pos) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(int(p.Line))
		if p.Col > 0 {
			s += ":" + strconv.Itoa(int(p.Col))
		}
	}
	return s
}

// Compare orders positions as they stand in a file, files by name.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}
