package syntax

// Problem is something that could not be read as it stands. It is comparable.
type Problem struct {
	Pos  Pos
	Kind Kind
	Text string // the word, keyword, variable or path concerned, where there is one
	Why  string // the reason, where the kind does not tell it

	Near    string // of a variable: a defined one of a similar name
	Keyword string // of an include: the statement
	Strict  bool   // of an include: it was said to be fatal

	Of    Kind // of what is omitted: the kind
	Count int  // and how many there are
	More  int  // of a template: how many lines behind this one hold one too
}

// Kind says what is wrong.
type Kind uint8

// The kinds. After Binary, UTF16, TooDeep and TooMuch the tree ends there;
// everything else is read on behind.
const (
	Binary            Kind = iota + 1 // the text holds NUL bytes or much that no editor writes
	UTF16                             // every character has two bytes
	TooDeep                           // more than MaxDepth blocks within one another
	TooMuch                           // variables, sequences and includes made more than Options.MaxMade bytes
	LongLine                          // longer than MaxLine: ignored whole
	LongExpansion                     // longer than MaxLine with its variables: ignored whole
	ByteOrderMark                     // the text begins with a byte order mark, which is left out
	UnterminatedQuote                 // the rest of the line is lost
	UnexpectedOpen                    // a '{' that belongs to no statement
	UnexpectedClose                   // a '}' that closes nothing; it is left out
	Unclosed                          // the text ends within the block of this statement
	NoFiles                           // an include without a path, or where nothing can be included
	MissingFile                       // an include names a file that is not there
	NoMatch                           // the pattern of an include matches nothing
	Unreadable                        // a file cannot be included; Why says it
	IncludeLoop                       // a file includes itself; Why are the files, or empty: they are too many
	Stacked                           // a second condition: the statement is skipped
	DroppedBody                       // lines that continue a definition are dropped with it
	Gap                               // a definition goes on behind an empty line
	Undefined                         // the statement uses a variable that is not defined, and is skipped
	Misspelled                        // what looks like a variable stays as it is
	Unbraced                          // "$NAME" of a defined variable stays as it is for what stands behind it
	VariableLoop                      // a variable is used in its own value: the line is skipped
	NotAlone                          // text behind a variable of several lines: the line is skipped
	BadSequence                       // ~SEQ or ~LST; Why says it: the line is skipped
	Omitted                           // Count more problems Of a kind are left out
	Unfilled                          // a template of another program: the statements with one are skipped, which is said once a file
)

var kindNames = [...]string{
	"", "binary", "UTF-16", "too deep", "too much", "long line", "long expansion", "byte order mark",
	"unterminated quote", "unexpected {", "unexpected }", "unclosed block",
	"no files", "missing file", "no match", "unreadable file", "include loop",
	"stacked condition", "dropped body", "gap", "undefined variable", "misspelled variable", "unbraced variable", "variable loop",
	"not alone", "bad sequence", "omitted", "unfilled template",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "?"
}
