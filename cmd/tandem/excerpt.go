package main

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

// excerpt is a line of a file as a terminal can show it, and where in it the
// word is that is meant.
type excerpt struct {
	text  string
	pad   string // blanks as wide as what stands before the word
	width int    // of the word, at least 1
}

// sources are the files that excerpts are cut from.
type sources struct {
	lines    map[string][][]byte // nil: the file cannot be shown
	harmless func() func(word string) bool
}

// newSources begins with texts that are on no disk.
func newSources(texts map[string][]byte) *sources {
	s := &sources{lines: make(map[string][][]byte), harmless: sync.OnceValue(conf.HarmlessWords)}
	for name, text := range texts {
		s.lines[name] = bytes.Split(text, []byte("\n"))
	}
	return s
}

// excerpt cuts out the line of a position; ok is false where there is none to
// show.
func (s *sources) excerpt(at syntax.Pos) (e excerpt, ok bool) {
	if at.Line <= 0 || at.Col <= 0 {
		return e, false
	}
	lines := s.of(at.File)
	if int(at.Line) > len(lines) {
		return e, false // it was changed meanwhile
	}
	line := bytes.TrimSuffix(lines[at.Line-1], []byte("\r"))
	if from := s.private(at, line); from >= 0 {
		line = s.discreet(line, from)
	}
	return cut(hide(line), int(at.Col)-1)
}

// of are the lines of a file.
func (s *sources) of(file string) [][]byte {
	lines, read := s.lines[file]
	if !read {
		lines = readLines(file)
		s.lines[file] = lines
	}
	return lines
}

// readLines reads a file for the second time. What is no plain file would not
// say the same again, or nothing at all, and wait.
func readLines(name string) [][]byte {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return bytes.Split(text, []byte("\n"))
}

// What is shown of a line that is too long: so many bytes in all, and of those
// so many before the word.
const (
	excerptSize  = 120
	excerptAhead = 40
)

// cut makes an excerpt of a line; at is where in it the word begins.
func cut(line []byte, at int) (e excerpt, ok bool) {
	if at > len(line) {
		return e, false
	}
	from, to := 0, len(line)
	if len(line) > excerptSize {
		from = max(0, at-excerptAhead)
		to = min(len(line), from+excerptSize)
	}
	for from > 0 && !utf8.RuneStart(line[from]) {
		from--
	}
	for to < len(line) && !utf8.RuneStart(line[to]) {
		to++
	}
	end := min(at+wordLength(line[at:]), to)
	before, word, behind := visible(line[from:at]), visible(line[at:end]), visible(line[end:to])
	if from > 0 {
		before = "…" + before
	}
	if to < len(line) {
		behind += "…"
	}
	return excerpt{
		text:  strings.TrimRight(before+word+behind, " "),
		pad:   strings.Repeat(" ", utf8.RuneCountInString(before)),
		width: max(1, utf8.RuneCountInString(word)),
	}, true
}

// wordLength is how many bytes the word has that a text begins with.
func wordLength(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	if text[0] == '"' {
		if n := bytes.IndexByte(text[1:], '"'); n >= 0 {
			return n + 2
		}
		return len(bytes.TrimRight(text, " \t"))
	}
	for i, c := range text {
		escaped := i > 0 && text[i-1] == '\\'
		switch c {
		case ' ', '\t', '\f', '\v', '\r', '"', '{', '}':
			return max(1, i)
		case '#', '!':
			if !escaped {
				return max(1, i)
			}
		}
	}
	return len(text)
}

// visible is text that moves no cursor and tells a terminal nothing: a file may
// come from anywhere.
func visible(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\t':
			b.WriteString("    ")
		case r == utf8.RuneError && n == 1, !unicode.IsPrint(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
		text = text[n:]
	}
	return b.String()
}
