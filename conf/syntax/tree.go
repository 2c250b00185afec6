// Package syntax reads the text of a keepalived.conf into a tree of words and
// blocks in which every word knows where it stands. It knows no keyword: what
// a statement means, and whether it may have a block, is its caller's
// business. Nothing stops it: what cannot be read becomes a Problem and the
// rest of the text is read on.
package syntax

import "strings"

// Tree is the text of one configuration.
type Tree struct {
	Statements []*Statement
}

// Statement is one logical line: its words, and the block in braces that
// follows them on the same line or on a later one.
type Statement struct {
	Pos    Pos    // of the first word, or of the brace where there is none
	Words  []Word // none: a brace that no word stands before
	Line   string // the words as the file has them, quotes and escapes included: see Command
	Block  []*Statement
	Braced bool // a block follows, perhaps an empty one

	// Skip marks a statement that cannot be understood as it stands; a
	// Problem says why. It must have no effect, nor may its block.
	Skip bool
	// Refused is for who gives the words a meaning: they have none, and that has
	// been said.
	Refused bool
}

// Word is one word of a statement, without its quotes and escapes.
type Word struct {
	Text   string
	Pos    Pos
	Quoted bool
	// Cut tells that a comment begins right behind the word: what looks like
	// the rest of the word is lost.
	Cut bool
}

// Keyword is the first word, or nothing where there is none.
func (s *Statement) Keyword() string {
	if len(s.Words) == 0 {
		return ""
	}
	return s.Words[0].Text
}

// Args are the words behind the keyword.
func (s *Statement) Args() []Word {
	if len(s.Words) == 0 {
		return nil
	}
	return s.Words[1:]
}

// String prints the tree, one statement on a line. Parsing the result gives
// the same words and blocks again; comments are gone.
func (t *Tree) String() string {
	var b strings.Builder
	printTo(&b, t.Statements, "")
	return b.String()
}

func printTo(b *strings.Builder, statements []*Statement, indent string) {
	for _, s := range statements {
		sep := indent
		for i, w := range s.Words {
			b.WriteString(sep)
			w.Quoted = w.Quoted || i == 0 && special(w.Text)
			b.WriteString(w.source())
			sep = " "
		}
		if s.Braced {
			b.WriteString(sep)
			b.WriteString("{\n")
			printTo(b, s.Block, indent+"\t")
			b.WriteString(indent)
			b.WriteString("}")
		}
		b.WriteByte('\n')
	}
}

// special tells whether a word without quotes would change, at the beginning of
// a line, what the line says.
func special(s string) bool {
	return s != "" && (s[0] == '@' || defines(s) || sequenceName(s) != "" || includeHead(s) > 0)
}

// source is the word as a file would hold it.
func (w Word) source() string {
	if w.Quoted {
		return `"` + w.Text + `"`
	}
	return escaper.Replace(w.Text)
}

var escaper = strings.NewReplacer("#", `\#`, "!", `\!`)
