package syntax

import "strings"

type tokenKind uint8

const (
	word  tokenKind = iota
	open            // {
	close           // }
)

type token struct {
	kind       tokenKind
	text       string
	start, end int // byte offsets in the line
	quoted     bool
	cut        bool
}

// lexed is what one line holds.
type lexed struct {
	tokens []token

	// unterminated is the offset of a quote without its fellow: the rest of
	// the line is lost. definition is where a "$NAME=" begins that takes the
	// rest of the line. -1: there is none.
	unterminated, definition int
}

// lexLine splits a line at blanks, quotes, braces and the comment. Comment
// signs and braces count anywhere outside double quotes, even inside a word;
// a double quote has no escape, and ends the word that it stands in.
// The tokens go into the memory of those of the line before.
func lexLine(line string, before []token) lexed {
	l := lexed{tokens: before[:0], unterminated: -1, definition: -1}
	first := true // at the beginning of a logical line, where directives stand
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case blank(c):
			i++
			continue
		case comment(c):
			l.cutAt(i)
			return l
		case first && defines(line[i:]):
			l.definition = i
			return l
		case c == '{':
			l.add(token{kind: open, start: i, end: i + 1})
		case c == '}':
			l.add(token{kind: close, start: i, end: i + 1})
		case c == '"':
			n := strings.IndexByte(line[i+1:], '"')
			if n < 0 {
				l.unterminated = i
				return l
			}
			l.add(token{text: line[i+1 : i+1+n], start: i, end: i + n + 2, quoted: true})
		case first && sequence(line[i:]) > 0:
			n := sequence(line[i:])
			l.add(token{text: line[i : i+n], start: i, end: i + n})
		default:
			l.add(lexWord(line, i))
		}
		t := l.tokens[len(l.tokens)-1]
		i = t.end
		first = t.kind != word || first && directive(t)
	}
	return l
}

func (l *lexed) add(t token) { l.tokens = append(l.tokens, t) }

// cutAt marks the word that a comment beginning at the offset cuts off.
func (l *lexed) cutAt(offset int) {
	if n := len(l.tokens); n > 0 && l.tokens[n-1].kind == word && !l.tokens[n-1].quoted {
		l.tokens[n-1].cut = l.tokens[n-1].end == offset
	}
}

// lexWord reads the unquoted word at the offset. One without an escape is a
// part of the line, and costs no memory of its own.
func lexWord(line string, start int) token {
	var before strings.Builder // the word up to rest
	rest, i := start, start
	for i < len(line) {
		c := line[i]
		if c == '\\' && i+1 < len(line) && comment(line[i+1]) {
			before.WriteString(line[rest:i])
			rest, i = i+1, i+2
			continue
		}
		// The braces of ${NAME} are never those of a block. keepalived takes
		// them so where NAME is not defined, and loses its place.
		if n := reference(line[i:]); n > 0 && line[i+1] == '{' {
			i += n
			continue
		}
		if blank(c) || comment(c) || c == '{' || c == '}' || c == '"' {
			break
		}
		i++
	}
	text := line[rest:i]
	if rest > start {
		before.WriteString(text)
		text = before.String()
	}
	return token{text: text, start: start, end: i}
}

// comment tells the two signs that begin a comment.
func comment(c byte) bool { return c == '#' || c == '!' }
