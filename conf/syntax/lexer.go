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

// lexed is one logical line: the words up to a brace, a comment or the end.
type lexed struct {
	tokens []token
	brace  token // that ends it; of kind word: none does

	// unterminated is the offset of a quote without its fellow: the rest of
	// the line is lost. -1: there is none.
	unterminated int
	// unfilled is the first template of another program; without text: there
	// is none.
	unfilled token
}

// lexLine splits the logical line at the offset at blanks, quotes, braces and
// the comment. Comment signs and braces count anywhere outside double quotes,
// even inside a word; a double quote has no escape, and ends the word that it
// stands in. The tokens go into the memory of those of the line before.
func lexLine(line string, from int, before []token) lexed {
	l := lexed{tokens: before[:0], unterminated: -1}
	for i := from; i < len(line); {
		c := line[i]
		switch {
		case blank(c):
			i++
			continue
		case comment(c):
			l.cutAt(i)
			return l
		case c == '{' && unfilled(line[i:]) > 0:
			l.add(token{text: "{{ }}", start: i, end: i + unfilled(line[i:]), quoted: true})
			if l.unfilled.text == "" {
				l.unfilled = token{text: line[i : i+unfilled(line[i:])], start: i}
			}
		case c == '{':
			l.brace = token{kind: open, start: i, end: i + 1}
			return l
		case c == '}':
			l.brace = token{kind: close, start: i, end: i + 1}
			return l
		case c == '"':
			n := strings.IndexByte(line[i+1:], '"')
			if n < 0 {
				l.unterminated = i
				return l
			}
			l.add(token{text: line[i+1 : i+1+n], start: i, end: i + n + 2, quoted: true})
		default:
			l.add(lexWord(line, i))
		}
		i = l.tokens[len(l.tokens)-1].end
	}
	return l
}

func (l *lexed) add(t token) { l.tokens = append(l.tokens, t) }

// cutAt marks the word that a comment beginning at the offset cuts off.
func (l *lexed) cutAt(offset int) {
	if n := len(l.tokens); n > 0 && !l.tokens[n-1].quoted {
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

// unfilled is the length of the template of Jinja, Helm or Ansible that s begins
// with, or 0: "{{ x }}", "{% if x %}" or "{# x #}". It ends on its line, because
// a comment may stand right behind a brace that is meant.
func unfilled(s string) int {
	if len(s) < 2 || !strings.Contains("{%#", s[1:2]) {
		return 0
	}
	end := s[1:2] + "}"
	if s[1] == '{' {
		end = "}}"
	}
	n := strings.Index(s[2:], end)
	if n < 0 {
		return 0
	}
	return 2 + n + len(end)
}
