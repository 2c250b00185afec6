package drill

import (
	"path/filepath"
	"strings"
)

// Pair is two directors to drill: the command templates of lab.DirectorCommand.
type Pair struct {
	Name string `json:"name"` // Of the programs, "tandem/keepalived".
	A    string `json:"a"`
	B    string `json:"b"`
}

// NewPair names a pair by its programs.
func NewPair(a, b string) Pair {
	return Pair{Name: program(a) + "/" + program(b), A: a, B: b}
}

// Pairs returns the pairs of a comparison: the pair itself, and where other is
// not empty a pair of others, and where mixed is true both mixed pairs.
func Pairs(a, b, other string, mixed bool) []Pair {
	pairs := []Pair{NewPair(a, b)}
	if other == "" {
		return pairs
	}
	pairs = append(pairs, NewPair(other, other))
	if mixed {
		pairs = append(pairs, NewPair(a, other), NewPair(other, b))
	}
	return pairs
}

// program returns the name of a command's program.
func program(command string) string {
	words := strings.Fields(command)
	if len(words) == 0 {
		return "none"
	}
	return filepath.Base(words[0])
}
