package conf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// The constructors of rows. Everything that a value can be wrong in is checked
// here, once. What they fill is given as a function that finds it in the block,
// so that one line says how a value is read and how it is shown; nil: nothing,
// the value is only checked.

// custom is a keyword that reads its statement itself.
func custom[T any](name, args string, set func(*T, *loader, *syntax.Statement)) row[T] {
	return row[T]{keyword: keyword{name: name, args: args}, set: set}
}

// obsolete is a keyword that has no effect any more, or never had one.
func obsolete[T any](name, why string) row[T] {
	return row[T]{keyword: keyword{name: name, args: "[ARG ...]", effects: gone, why: why, effect: "nothing"}}
}

// integer is what a whole number may be stored in.
type integer interface {
	~int | ~int32 | ~uint8 | ~uint16 | ~uint32
}

// plain is a keyword that says all by standing there.
func plain[T any](name string, at func(*T) *bool) row[T] {
	r := custom(name, "", func(t *T, _ *loader, _ *syntax.Statement) {
		if at != nil {
			*at(t) = true
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node {
		if !*at(t) {
			return nil
		}
		return statement(name)
	})
}

// boolean is a keyword with an optional on or off; without one it is on.
func boolean[T any](name string, at func(*T) *bool) row[T] {
	r := custom(name, "[BOOL]", func(t *T, l *loader, s *syntax.Statement) {
		if on, ok := l.boolean(s); ok && at != nil {
			*at(t) = on
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node { return statement(name, *at(t)) })
}

// text is a keyword with one word. An empty one is not shown.
func text[T any](name, args string, at func(*T) *string) row[T] {
	r := custom(name, args, func(t *T, l *loader, s *syntax.Statement) {
		if l.printable(name, s.Words[1]) && at != nil {
			*at(t) = s.Words[1].Text
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node {
		if *at(t) == "" {
			return nil
		}
		return statement(name, *at(t))
	})
}

// number is a keyword with a whole number.
func number[T any, V integer](name string, from, to int, at func(*T) *V) row[T] {
	r := custom(name, bounds(from, to), func(t *T, l *loader, s *syntax.Statement) {
		if n, ok := l.number(name, s.Words[1], from, to); ok && at != nil {
			*at(t) = V(n)
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node { return statement(name, int(*at(t))) })
}

// inRange is a whole number that is only checked.
func inRange[T any](name string, from, to int) row[T] { return number[T, int](name, from, to, nil) }

// bounds is a range as a manual writes it; a bound that is the largest number of
// its kind says nothing.
func bounds(from, to int) string {
	if to >= 1<<31-1 {
		return fmt.Sprintf("%d..", from)
	}
	return fmt.Sprintf("%d..%d", from, to)
}

// count is a number of repetitions, where 0 means 1 (keepalived's rule).
func count[T any](name string, at func(*T) *int) row[T] {
	r := custom(name, "1..", func(t *T, l *loader, s *syntax.Statement) {
		n, ok := l.number(name, s.Words[1], 0, 1<<31-1)
		if ok && n == 0 {
			l.errorf(s.Words[1].Pos, "", "%s 0 makes no sense: 1 is used", name)
		}
		if ok && at != nil {
			*at(t) = max(n, 1)
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node { return statement(name, *at(t)) })
}

// oneOf is a keyword with one of a few words, which is only checked.
func oneOf[T any](name string, words ...string) row[T] {
	return custom(name, strings.Join(words, "|"), func(_ *T, l *loader, s *syntax.Statement) {
		l.oneOf(name, s.Words[1], words)
	})
}

// oneOrNone is oneOf where the word may be missing.
func oneOrNone[T any](name string, words ...string) row[T] {
	return custom(name, "["+strings.Join(words, "|")+"]", func(_ *T, l *loader, s *syntax.Statement) {
		if len(s.Args()) > 0 {
			l.oneOf(name, s.Words[1], words)
		}
	})
}

// address is a keyword with an IP address. An invalid one is not shown.
func address[T any](name string, at func(*T) *netip.Addr) row[T] {
	r := custom(name, "IP", func(t *T, l *loader, s *syntax.Statement) {
		if a, ok := l.addr(name, s.Words[1]); ok && at != nil {
			*at(t) = a
		}
	})
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node {
		if !at(t).IsValid() {
			return nil
		}
		return statement(name, *at(t))
	})
}

// device is a keyword with the name of a network interface, which is only
// checked.
func device[T any](name string) row[T] {
	return custom(name, "IF", func(_ *T, l *loader, s *syntax.Statement) {
		l.interfaceName(s, s.Words[1], Error)
	})
}

// command is a keyword with a program to run, which is only checked.
func command[T any](name string) row[T] {
	return custom(name, "COMMAND [USER [GROUP]]", func(_ *T, l *loader, s *syntax.Statement) { l.command(s) })
}

// wholeSeconds is a keyword with a whole number of seconds.
func wholeSeconds[T any](name string, from, to int, at func(*T) *time.Duration) row[T] {
	r := custom(name, bounds(from, to), func(t *T, l *loader, s *syntax.Statement) {
		if n, ok := l.number(name, s.Words[1], from, to); ok && at != nil {
			*at(t) = time.Duration(n) * time.Second
		}
	})
	return showDuration(r, at)
}

// seconds is a keyword with a decimal number of seconds.
func seconds[T any](name string, from, to time.Duration, at func(*T) *time.Duration) row[T] {
	r := custom(name, "SECONDS", func(t *T, l *loader, s *syntax.Statement) {
		if d, ok := l.seconds(name, s.Words[1], from, to); ok && at != nil {
			*at(t) = d
		}
	})
	return showDuration(r, at)
}

func showDuration[T any](r row[T], at func(*T) *time.Duration) row[T] {
	if at == nil {
		return r
	}
	return r.shown(func(t *T) []Node { return statement(r.name, *at(t)) })
}

// optionalBoolean is boolean where nothing said is not off: the value is that of
// a block around.
func optionalBoolean[T any](name string, at func(*T) **bool) row[T] {
	return optional(custom(name, "[BOOL]", func(t *T, l *loader, s *syntax.Statement) {
		if on, ok := l.boolean(s); ok {
			*at(t) = &on
		}
	}), at)
}

// optionalNumber is number where nothing said is no number.
func optionalNumber[T any](name string, from, to int, at func(*T) **int) row[T] {
	return optional(custom(name, bounds(from, to), func(t *T, l *loader, s *syntax.Statement) {
		if n, ok := l.number(name, s.Words[1], from, to); ok {
			*at(t) = &n
		}
	}), at)
}

// optionalSeconds is seconds where nothing said is no time.
func optionalSeconds[T any](name string, from, to time.Duration, at func(*T) **time.Duration) row[T] {
	return optional(custom(name, "SECONDS", func(t *T, l *loader, s *syntax.Statement) {
		if d, ok := l.seconds(name, s.Words[1], from, to); ok {
			*at(t) = &d
		}
	}), at)
}

// optional shows a value where it is said.
func optional[T, V any](r row[T], at func(*T) **V) row[T] {
	return r.shown(func(t *T) []Node {
		if *at(t) == nil {
			return nil
		}
		return statement(r.name, **at(t))
	})
}
