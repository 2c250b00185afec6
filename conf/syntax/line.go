package syntax

import "strings"

// line is a line of the text, or what variables made of one: a text in which
// every byte has a column.
type line struct {
	text string
	// col is the column of the first byte. still: that of every byte, since all
	// of it came out of a variable.
	col   int32
	still bool
	// cols are the columns of an expanded line, one for each byte; nil: those
	// that col gives.
	cols []int32

	whole    bool // a line of the file as it stands: the next ones can continue it
	expanded bool // its variables are replaced
	bad      bool // its statements cannot be understood
}

// at is the column of an offset, which may be the end of the text.
func (l line) at(offset int) int32 {
	switch {
	case l.cols != nil && offset < len(l.cols):
		return l.cols[offset]
	case len(l.cols) > 0:
		return l.cols[len(l.cols)-1]
	case l.still || l.cols != nil:
		return l.col
	}
	return l.col + int32(offset)
}

// blanks are what separates words: see blank.
const blanks = " \t\f\v\r"

// commentAt is where the comment of a text begins, or its length: comment signs
// count outside double quotes.
func commentAt(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' && i+1 < len(s) && comment(s[i+1]):
			i++
		case comment(c):
			return i
		}
	}
	return len(s)
}

// value is a text without its comment and the blanks around it.
func value(s string) string { return strings.Trim(s[:commentAt(s)], blanks) }

// continues tells whether the next line belongs to the value, and gives the
// value without the sign of that.
func continues(s string) (string, bool) {
	s, more := strings.CutSuffix(s, `\`)
	return strings.TrimRight(s, blanks), more
}
