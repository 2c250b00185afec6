package syntax

// Problem is something that could not be read as it stands.
type Problem struct {
	Pos  Pos
	Kind Kind
	Text string // the word or keyword concerned, where there is one
}

// Kind says what is wrong.
type Kind uint8

// The kinds. After Binary, UTF16 and TooDeep the tree ends there; everything
// else is read on behind.
const (
	Binary            Kind = iota + 1 // the text holds NUL bytes or much that no editor writes
	UTF16                             // every character has two bytes
	TooDeep                           // more than MaxDepth blocks within one another
	LongLine                          // longer than MaxLine: ignored whole
	ByteOrderMark                     // the text begins with a byte order mark, which is left out
	UnterminatedQuote                 // the rest of the line is lost
	UnexpectedOpen                    // a '{' that belongs to no statement
	UnexpectedClose                   // a '}' that closes nothing; it is left out
	Unclosed                          // the text ends within the block of this statement
	Include                           // include and its relatives: not built
	Condition                         // @ID: not built
	Definition                        // $NAME=VALUE: not built
	Variable                          // the use of a variable: not built
	Sequence                          // ~SEQ and ~LST: not built
)

var kindNames = [...]string{
	"", "binary", "UTF-16", "too deep", "long line", "byte order mark",
	"unterminated quote", "unexpected {", "unexpected }", "unclosed block",
	"include", "condition", "definition", "variable", "sequence",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "?"
}
