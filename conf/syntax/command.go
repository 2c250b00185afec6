package syntax

import (
	"errors"
	"strings"
)

// Command is a script as a statement names it: notify_master "/bin/x arg" USER
// GROUP. It is run as it stands, by no shell.
type Command struct {
	Args        []string // of the process, the program first; none: nothing is named
	User, Group string   // empty: not said
	Line        string   // the command as the file has it, without its outer quotes
}

var errNoEnd = errors.New("a quote has no end")

// Command reads the words behind the keyword in the way of scripts (keepalived's
// own): first " and ' hold together the command and the words for user and
// group, then the command is split at blanks, with both quotes and the escapes
// of C. The error says what is wrong, for the position of the first argument.
func (s *Statement) Command() (Command, error) {
	words, err := scriptWords(s.Line, false)
	if err != nil {
		return Command{}, err
	}
	words = append(words, "", "", "", "") // of keyword, command, user and group
	c := Command{Line: words[1], User: words[2], Group: words[3]}
	if c.Args, err = scriptWords(c.Line, true); len(c.Args) > 0 && c.Args[0] == "" {
		c.Args = nil
	}
	return c, err
}

// scriptWords splits a text at blanks outside quotes of both kinds, which are dropped.
// A quote may begin and end within a word, and one behind a backslash is none.
// Escapes are replaced, or stay as they are.
func scriptWords(s string, escapes bool) (words []string, err error) {
	var b strings.Builder
	var quote byte // that is open; 0: none
	inWord := false
	for len(s) > 0 {
		c, n := s[0], 1
		switch {
		case c == '\\' && len(s) > 1 && escapes:
			inWord = true
			c, n = unescape(s)
			b.WriteByte(c)
		case c == '\\' && len(s) > 1:
			inWord, n = true, 2
			b.WriteString(s[:2])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			inWord, quote = true, c
		case quote == 0 && blank(c):
			if inWord {
				words = append(words, b.String())
				b.Reset()
			}
			inWord = false
		default:
			inWord = true
			b.WriteByte(c)
		}
		s = s[n:]
	}
	if quote != 0 {
		return nil, errNoEnd
	}
	if inWord {
		words = append(words, b.String())
	}
	return words, nil
}

// escaped are the letters behind a backslash that mean another character.
var escaped = map[byte]byte{
	'a': '\a', 'b': '\b', 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// unescape reads the escape that s begins with: one of C, \E and \cX. Behind
// any other backslash stands the character itself.
func unescape(s string) (c byte, n int) {
	c = s[1]
	if e, ok := escaped[c]; ok {
		return e, 2
	}
	switch {
	case c == 'c' && len(s) > 2:
		return s[2] & 0x1f, 3
	case c == 'x':
		if v, digits := digits(s[2:], 16, 2); digits > 0 {
			return v, 2 + digits
		}
	case '0' <= c && c <= '7':
		v, digits := digits(s[1:], 8, 3)
		return v, 1 + digits
	}
	return c, 2
}

// digits reads up to most digits; what does not fit in a byte is lost.
func digits(s string, base, most int) (v byte, n int) {
	for n < most && n < len(s) {
		d := strings.IndexByte("0123456789abcdef", lower(s[n]))
		if d < 0 || d >= base {
			break
		}
		v = v*byte(base) + byte(d)
		n++
	}
	return v, n
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c - 'A' + 'a'
	}
	return c
}
