package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/conf/template"
)

// The values of statements. Each of these reports what is wrong with a word,
// and its caller leaves the setting as it was.

// quote shows a word of the file in a message, such that a no-break space
// cannot pass for a blank. Of a very long one the beginning is enough.
func quote(s string) string {
	const most = 80
	cut := 0
	for i := range s {
		if cut++; cut > most {
			return quote(s[:i]) + "..."
		}
	}
	if syntax.OddSpace(s) != 0 {
		return strconv.QuoteToASCII(s)
	}
	return strconv.Quote(s)
}

// hintFor explains a word that is nearly right: it holds a blank which is
// none, or ends as other languages end a line.
func hintFor(s string) string {
	if r := syntax.OddSpace(s); r != 0 {
		return fmt.Sprintf("it holds the character %U, which looks like a blank but is none", r)
	}
	if template.Holds(s) {
		return "a template can stand for an address or an interface only"
	}
	if n := len(s) - 1; n > 0 && (s[n] == ';' || s[n] == ',') {
		return fmt.Sprintf("no %c at the end", s[n])
	}
	return ""
}

// invalid reports a word that the setting cannot be.
func (l *loader) invalid(setting string, w syntax.Word, want string) {
	l.errorf(w.Pos, hintFor(w.Text), "%s %s is ignored: %s", setting, quote(w.Text), want)
}

// oneOf reads a word that is one of a few. Case counts, as in keepalived.
func (l *loader) oneOf(setting string, w syntax.Word, words []string) bool {
	if slices.Contains(words, w.Text) {
		return true
	}
	hint := hintFor(w.Text)
	if near := nearest(strings.ToLower(w.Text), words); hint == "" && near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if i := slices.IndexFunc(words, func(o string) bool { return strings.EqualFold(o, w.Text) }); hint == "" && i >= 0 {
		hint = "write it " + words[i]
	}
	l.errorf(w.Pos, hint, "%s %s is ignored: it takes %s", setting, quote(w.Text), alternatives(words))
	return false
}

// alternatives lists words for a sentence: "a, b or c".
func alternatives(words []string) string {
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + " or " + words[n]
	}
	return strings.Join(words, "")
}

// whole is a whole number in base 10, without a unit. It may have a sign, as in
// keepalived.
func whole(text string, from, to int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= from && n <= to
}

// number reads a whole number of a setting.
func (l *loader) number(setting string, w syntax.Word, from, to int) (int, bool) {
	n, ok := whole(w.Text, from, to)
	if !ok {
		want := fmt.Sprintf("it takes a number from %d to %d", from, to)
		if _, err := time.ParseDuration(w.Text); err == nil && strings.Trim(w.Text, "0123456789") != "" {
			want += ", without a unit"
		}
		l.invalid(setting, w, want)
	}
	return n, ok
}

// decimal reads seconds with at most 6 digits behind the point; exact is false
// where there were more, and the value was rounded. keepalived reads a unit
// behind the number as further digits and gets the scale wrong ("2s" is 2 ms
// there), so a unit is refused.
func decimal(text string) (d time.Duration, exact, ok bool) {
	units, fraction, _ := strings.Cut(text, ".")
	if units == "" && fraction == "" || strings.Trim(units+fraction, "0123456789") != "" || len(units) > 9 {
		return 0, false, false
	}
	sec, _ := strconv.ParseInt("0"+units, 10, 64)
	padded := (fraction + "0000000")[:7]
	tenths, _ := strconv.ParseInt(padded, 10, 64) // of microseconds
	micros := (tenths + 5) / 10
	exact = len(strings.TrimRight(fraction, "0")) <= 6
	return time.Duration(sec)*time.Second + time.Duration(micros)*time.Microsecond, exact, true
}

// seconds reads a duration of a setting.
func (l *loader) seconds(setting string, w syntax.Word, from, to time.Duration) (time.Duration, bool) {
	d, exact, ok := decimal(w.Text)
	if !ok || d < from || d > to {
		want := fmt.Sprintf("it takes %s to %s seconds", inSeconds(from), inSeconds(to))
		if _, err := time.ParseDuration(w.Text); err == nil && !ok {
			want += ", without a unit"
		}
		l.invalid(setting, w, want)
		return 0, false
	}
	if !exact {
		l.warnf(w.Pos, "", "%s %s is rounded to %s seconds", setting, w.Text, inSeconds(d))
	}
	return d, true
}

// inSeconds writes a duration as the file would.
func inSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// boolean is the optional word of a switch: nothing is on.
func (l *loader) boolean(s *syntax.Statement) (on, ok bool) {
	if len(s.Args()) == 0 {
		return true, true
	}
	switch s.Words[1].Text {
	case "on", "true", "yes":
		return true, true
	case "off", "false", "no":
		return false, true
	}
	l.invalid(s.Keyword(), s.Words[1], "it takes on, true, yes, off, false or no")
	return false, false
}

// parseAddr is netip.ParseAddr without zones: an interface is named apart.
func parseAddr(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Zone() == "" && !a.Is4In6()
}

// addr is an address where no prefix length belongs. keepalived drops one in
// silence.
func (l *loader) addr(setting string, w syntax.Word) (netip.Addr, bool) {
	w, filled := l.template(setting, w, Error)
	if !filled {
		return netip.Addr{}, false
	}
	text, length, slash := strings.Cut(w.Text, "/")
	a, ok := parseAddr(text)
	if !ok {
		hint := hintFor(w.Text)
		if _, err := netip.ParseAddrPort(w.Text); err == nil {
			hint = "write a blank between the address and the port"
		}
		l.errorf(w.Pos, hint, "%s %s is ignored: it is no IP address", setting, quote(w.Text))
		return a, false
	}
	if slash {
		l.warnf(w.Pos, "", "%s %s: it is one address, the /%s is ignored", setting, a, length)
	}
	return a, true
}

// family names the family of an address in messages.
func family(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// warnCut tells that a comment sign inside a word cut it.
func (l *loader) warnCut(setting string, w syntax.Word) {
	if w.Cut {
		l.warnf(w.Pos, `put the value in double quotes, or write \# or \! for the sign`,
			"%s: a # or ! begins a comment even inside a word: the value ends before it", setting)
	}
}

// printable refuses control characters, which would end a line of a request
// or of a log.
func (l *loader) printable(setting string, w syntax.Word) bool {
	l.warnCut(setting, w)
	if strings.ContainsFunc(w.Text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		l.invalid(setting, w, "it holds a control character")
		return false
	}
	return true
}
