package ipvsadm

import (
	"strings"
)

// scanner takes arguments apart as popt does, with which the original is
// built: words anywhere, short options in bundles, values attached with or
// without an equals sign, -- before what is a word whatever it looks like.
type scanner struct {
	args   []string
	bundle string   // of short options, what is left of it
	text   string   // the option as it was written, for messages
	words  []string // that belong to no option
	ended  bool     // -- has been seen
}

// next is the next option with its value. At the end ok is false.
func (s *scanner) next() (sp *spelling, val string, has, ok bool, bad *refusal) {
	for s.bundle == "" {
		if len(s.args) == 0 {
			return nil, "", false, false, nil
		}
		arg := s.args[0]
		s.args = s.args[1:]
		switch {
		case s.ended || len(arg) < 2 || arg[0] != '-':
			s.words = append(s.words, arg)
		case arg == "--":
			s.ended = true
		case arg[1] == '-':
			s.text = arg
			return s.long(arg[2:])
		default:
			s.text = arg
			s.bundle = arg[1:]
		}
	}
	return s.short()
}

func (s *scanner) long(arg string) (*spelling, string, bool, bool, *refusal) {
	name, val, has := strings.Cut(arg, "=")
	for i := range spellings {
		if sp := &spellings[i]; sp.long == name {
			return s.value(sp, val, has)
		}
	}
	return nil, "", false, false, refuse(statusKernel, "--%s: unknown option%s", name, suggest(name))
}

func (s *scanner) short() (*spelling, string, bool, bool, *refusal) {
	c := s.bundle[0]
	s.bundle = s.bundle[1:]
	for i := range spellings {
		sp := &spellings[i]
		if sp.short != c {
			continue
		}
		val, has := strings.CutPrefix(s.bundle, "=")
		if sp.value != noValue && s.bundle != "" {
			has = true
		}
		if has {
			s.bundle = ""
		}
		return s.value(sp, val, has)
	}
	return nil, "", false, false, refuse(statusKernel, "%s: unknown option -%c", s.text, c)
}

// value gives an option the value that it has, or takes the next argument.
func (s *scanner) value(sp *spelling, val string, has bool) (*spelling, string, bool, bool, *refusal) {
	switch {
	case sp.value == noValue && has:
		return sp, "", false, false, refuse(statusKernel, "%s: option does not take an argument", s.text)
	case has || sp.value == noValue:
	case len(s.args) > 0 && (sp.value == needsValue || !strings.HasPrefix(s.args[0], "-")):
		val, has = s.args[0], true
		s.args = s.args[1:]
	case sp.value == needsValue:
		return sp, "", false, false, refuse(statusKernel, "%s: missing argument", s.text)
	}
	return sp, val, has, true, nil
}

// suggest is the long option that somebody may have meant.
func suggest(name string) string {
	if name == "run-dir" {
		return " here: it comes before all others, as in ipvsadm --run-dir FOLDER -Ln"
	}
	var found []string
	for i := range spellings {
		if long := spellings[i].long; name != "" && strings.HasPrefix(long, name) && spellings[i].short != 'l' {
			found = append(found, "--"+long)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " (abbreviations are not understood: " + strings.Join(found, ", ") + "?)"
}
