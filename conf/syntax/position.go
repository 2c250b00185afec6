package syntax

import "strconv"

// Pos is where something stands in a configuration file. Line and Col count
// from 1, Col in bytes; zero means the file or line as a whole. It is comparable.
type Pos struct {
	File      string
	Line, Col int
}

// String is "file:line:col", without what is zero.
func (p Pos) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Col > 0 {
			s += ":" + strconv.Itoa(p.Col)
		}
	}
	return s
}
