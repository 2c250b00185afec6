package syntax

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// sequence reads "~SEQ(VAR, BOUNDS) rest", "~SEQx" or "~LST(VAR, MEMBERS) rest"
// at the offset: the rest of the line is read once for every value, with the
// variables set. They keep their last value, as in keepalived. head is how much
// of the text stands before the parenthesis.
func (p *parser) sequence(l line, from, head int) bool {
	at, name := p.pos(l, from), sequenceName(l.text[from:])
	n := parenthesis(l.text[from+head:])
	if n == 0 {
		p.report(Problem{Pos: at, Kind: BadSequence, Text: name, Why: "its ) is missing"})
		return true
	}
	inner := l.text[from+head+1 : from+head+n-1]
	rest := from + head + n
	l.whole = false // a definition in it ends with the line
	if !l.expanded && strings.Contains(inner, "$") {
		arg, more := p.expand(line{text: inner, col: l.at(from), still: true}, 0)
		if inner = arg.text; arg.bad || len(more.bodies) > 0 {
			l.bad = true
			return p.line(l, rest)
		}
	}
	// What variables made of the line may hold more of them now.
	l.expanded = false
	vars, values, err := sequenceOf(name, inner)
	if p.loops == maxNesting {
		err = errors.New("too many stand within one another")
	}
	if err != nil {
		p.report(Problem{Pos: at, Kind: BadSequence, Text: name, Why: err.Error()})
		l.bad = true
		return p.line(l, rest)
	}
	p.loops++
	defer func() { p.loops-- }()
	for set := range values {
		if !p.spend(at, len(l.text)-rest) {
			return false
		}
		for i, v := range vars {
			p.defined[v] = definition{[]string{set[i]}}
		}
		if !p.line(l, rest) {
			return false
		}
	}
	return true
}

// sequenceHead returns the length of the "~SEQ", "~SEQx" or "~LST" that s begins
// with and of the blanks behind it, or 0 where no '(' follows.
func sequenceHead(s string) int {
	name := sequenceName(s)
	if name == "" {
		return 0
	}
	rest := strings.TrimLeft(s[len(name):], " \t")
	if !strings.HasPrefix(rest, "(") {
		return 0
	}
	return len(s) - len(rest)
}

func sequenceName(s string) string {
	for _, name := range []string{"~SEQx", "~SEQ", "~LST"} {
		if strings.HasPrefix(s, name) {
			return name
		}
	}
	return ""
}

// parenthesis returns the length of the "(...)" that s begins with, or 0 where
// it has no end. Blanks, quotes, braces and parentheses may stand in it.
func parenthesis(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '#', '!':
			return 0
		}
	}
	return 0
}

// values calls its argument with the values of the variables, one set after the
// other, until that returns false.
type values func(yield func(set []string) bool)

func sequenceOf(name, inner string) (vars []string, all values, err error) {
	fields := split(inner)
	vars = members(fields[0])
	for _, v := range vars {
		if nameLen(v) != len(v) || v == "" {
			return nil, nil, fmt.Errorf("%q is no name of a variable", v)
		}
	}
	if name == "~LST" {
		all, err = list(len(vars), fields[1:])
		return vars, all, err
	}
	if len(vars) != 1 {
		return nil, nil, errors.New("it counts with one variable")
	}
	all, err = count(fields[1:], name == "~SEQx")
	return vars, all, err
}

// list is what ~LST runs through.
func list(vars int, fields []string) (values, error) {
	if len(fields) == 0 {
		return nil, errors.New("it has no members")
	}
	for _, f := range fields {
		if n := len(members(f)); n > vars {
			return nil, fmt.Errorf("the member %s has %d values for %d variables", f, n, vars)
		}
	}
	return func(yield func([]string) bool) {
		for _, f := range fields {
			set := make([]string, vars) // missing ones are empty
			copy(set, members(f))
			if !yield(set) {
				return
			}
		}
	}, nil
}

// count is what ~SEQ runs through: END, START and END, or START, STEP and END.
func count(fields []string, hex bool) (values, error) {
	if len(fields) == 0 || len(fields) > 3 {
		return nil, errors.New("it takes an end, a start and an end, or a start, a step and an end")
	}
	numbers := make([]int64, len(fields))
	for i, f := range fields {
		n, err := strconv.ParseInt(f, 0, 48)
		if err != nil || strings.Contains(f, "_") {
			return nil, fmt.Errorf("%q is no number", f)
		}
		numbers[i] = n
	}
	start, end := int64(1), numbers[len(numbers)-1]
	if len(numbers) > 1 {
		start = numbers[0]
	} else if end < 0 {
		start = -1
	}
	step := int64(1)
	if end < start {
		step = -1
	}
	if len(numbers) == 3 {
		step = numbers[1]
	}
	switch {
	case step == 0, start < end && step < 0, start > end && step > 0:
		return nil, fmt.Errorf("steps of %d do not lead from %d to %d", step, start, end)
	case hex && (start < 0 || end < 0):
		return nil, errors.New("it takes no negative numbers")
	}
	base := 10
	if hex {
		base = 16
	}
	return func(yield func([]string) bool) {
		for n := start; step > 0 && n <= end || step < 0 && n >= end; n += step {
			if !yield([]string{strconv.FormatInt(n, base)}) {
				return
			}
		}
	}, nil
}

// members are the values in "{a, b}", or the one that stands without braces.
func members(s string) []string {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		return split(s[1 : len(s)-1])
	}
	return []string{s}
}

// split cuts a text at the commas outside braces, and drops the blanks around
// the pieces.
func split(s string) []string {
	var pieces []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				pieces = append(pieces, strings.Trim(s[start:i], " \t"))
				start = i + 1
			}
		}
	}
	return append(pieces, strings.Trim(s[start:], " \t"))
}
