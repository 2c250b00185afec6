package conf

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Private tells whether a block holds passwords. A word in it that is neither a
// keyword nor a value of one may be a password that slipped, and is not shown.
func Private(block string) bool {
	return block == authBlockName || block == hmacBlockName || block == sslBlockName
}

const (
	authBlockName = "authentication"
	hmacBlockName = "auth_hmac"
	sslBlockName  = "SSL"
)

// HarmlessWords returns what tells words that may be shown of a private block from
// those that may be passwords.
func HarmlessWords() func(word string) bool { return newVocabulary().harmless }

// harmless knows keywords, of other blocks too since a } may be missing above,
// the values that private blocks take, what is nearly one of these, and numbers
// that are too short for a secret.
func (v *vocabulary) harmless(word string) bool {
	if _, short := whole(word, 0, 999); short || v.homes[word] != nil {
		return true
	}
	return nearest(word, v.private) != "" || alike(word, v.private) != ""
}

// privateWords are the keywords and the values of a table.
func privateWords(t table) []string {
	var all []string
	for _, k := range t.keywords() {
		all = append(all, k.name)
		if strings.Contains(k.args, "|") {
			all = append(all, strings.Split(k.args, "|")...)
		}
	}
	return all
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// discreet masks the words of the file in what is said of a private block.
func (r *reporter) discreet(message string) string {
	return quoted.ReplaceAllStringFunc(message, func(q string) string {
		text, err := strconv.Unquote(q)
		if err != nil || slices.ContainsFunc(strings.Fields(text), func(w string) bool { return !r.words().harmless(w) }) {
			return strconv.Quote(hidden)
		}
		return q
	})
}
