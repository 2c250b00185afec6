// Package template fills in words such as "{{ GetInterfaceIP `eth1` }}" with
// facts of a host, so that one configuration serves two of them. The language
// is that of hashicorp/go-sockaddr, with its filters, orders and attributes, but
// everything it knows of the host is what the caller hands in: nothing here asks
// the kernel, runs ip(8) or reads a clock, and the same facts give the same
// result.
//
// What would be a trap in a configuration differs from the library: names are
// matched whole (eth1 is not eth10), a function that finds nothing says what it
// looked for, a result is one word, and there are no loops.
package template

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"text/template"
	"unicode"
)

// Interface is what a template can know of a network interface. A default route
// of IPv4 counts before one of IPv6.
type Interface struct {
	Name         string
	Index, MTU   int
	HardwareAddr string // empty: it has none

	Up, Loopback, Broadcast, Multicast, PointToPoint bool
	Default4, Default6                               bool

	Addresses []netip.Prefix
}

// maxText bounds a template, what a function gives, and the result. A line of a
// configuration is shorter, and an address very much so.
const maxText = 4096

// errors of a result.
var (
	errEmpty = errors.New("its result is empty")
	errLong  = fmt.Errorf("its result is longer than %d bytes", maxText)
)

// Holds reports whether a word is a template.
func Holds(word string) bool { return strings.Contains(word, "{{") }

// Evaluate gives the one word that a template is on a host with these
// interfaces. The error is the rest of a sentence about the template, and says
// nothing of where that stands.
func Evaluate(text string, host []Interface) (string, error) {
	if len(text) > maxText {
		return "", fmt.Errorf("it is longer than %d bytes", maxText)
	}
	f := facts{host: host, all: addresses(host)}
	t, err := template.New("").Option("missingkey=error").Funcs(f.functions()).Parse(text)
	if err != nil {
		return "", reason(err)
	}
	for _, defined := range t.Templates() {
		if defined != t {
			return "", errors.New("define has no place in it: it is one word")
		}
	}
	if t.Tree == nil || t.Root == nil {
		return "", errEmpty
	}
	if err := permitted(t.Root); err != nil {
		return "", err
	}
	out := limited{}
	if err := t.Execute(&out, f.all); err != nil {
		return "", reason(err)
	}
	return oneWord(out.String())
}

// oneWord takes the blanks from around a result. An empty one is an error, and
// so are several words: which of them is meant would be a guess.
func oneWord(text string) (string, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	switch len(words) {
	case 0:
		return "", errEmpty
	case 1:
		return words[0], nil
	}
	if strings.HasPrefix(words[0], "[") {
		return "", errors.New("its result is a list of addresses: end it with | attr `address`, or `name`")
	}
	const shown = 8
	list := strings.Join(words[:min(len(words), shown)], ", ")
	if len(words) > shown {
		list += ", ..."
	}
	return "", fmt.Errorf("its result is %d words where one is needed: %s", len(words), list)
}

// limited is what a template writes to.
type limited struct{ strings.Builder }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxText {
		return 0, errLong
	}
	return l.Builder.Write(b)
}

// position is what text/template puts before what it says: "template: :1:",
// with a column where it has one.
var position = regexp.MustCompile(`^template: :\d+:(\d+:)? `)

// reason is an error without what the standard library says around it: the
// caller knows where the template stands, and which it is.
func reason(err error) error {
	var own *mistake
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, errLong) {
		return errLong
	}
	text := position.ReplaceAllString(err.Error(), "")
	text = strings.TrimPrefix(text, `executing "" at `)
	return errors.New(strings.ReplaceAll(text, "\n", " "))
}
