package ipvs

import (
	"fmt"
	"strings"
)

// drift is one change from outside in words, with what was there before, what
// was found, and what it is repaired to: "server 198.51.100.11:80 of
// 192.0.2.80:80 TCP: weight 3 -> 7, back to 3". Op leads from known to have.
func drift(op Op, known, have, want Table) string {
	was, is, shall := known[op.Key], have[op.Key], want[op.Key]
	_, stays := want[op.Key]
	_, serverStays := shall.Destinations[op.Server]
	server := fmt.Sprintf("server %s of %s", op.Server, op.Key)
	switch op.Verb {
	case DelService:
		return fmt.Sprintf("service %s: removed%s", op.Key, onlyIf(stays, ", added again"))
	case DelDestination:
		return fmt.Sprintf("%s: removed%s", server, onlyIf(serverStays, ", added again"))
	case AddDestination:
		return fmt.Sprintf("%s: added with %s%s", server, settings(op.Destination.fields()), onlyIf(!serverStays, ", removed again"))
	case SetService:
		return fmt.Sprintf("service %s: %s", op.Key, changes(was.Service.fields(), is.Service.fields(), shall.Service.fields(), stays))
	case SetDestination:
		old, now, then := was.Destinations[op.Server], is.Destinations[op.Server], shall.Destinations[op.Server]
		return fmt.Sprintf("%s: %s", server, changes(old.fields(), now.fields(), then.fields(), serverStays))
	}
	return op.String() // A service that is not known is nobody's drift.
}

func onlyIf(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

// field is one setting of a service or a server for people.
type field struct{ name, value string }

func (s Service) fields() []field {
	return []field{
		{"scheduler", s.Scheduler},
		{"flags", s.Flags.String()},
		{"persistence", s.Timeout.String()},
		{"granularity", fmt.Sprintf("/%d", s.Granularity)},
		{"persistence engine", nameOrNone(s.PE)},
	}
}

func (d Destination) fields() []field {
	return []field{
		{"weight", fmt.Sprint(d.Weight)},
		{"method", d.Forwarding.String()},
		{"upper threshold", fmt.Sprint(d.Upper)},
		{"lower threshold", fmt.Sprint(d.Lower)},
		{"tunnel", d.Tunnel.Type.String()},
		{"tunnel port", fmt.Sprint(d.Tunnel.Port)},
		{"tunnel flags", fmt.Sprintf("%#x", uint16(d.Tunnel.Flags))},
	}
}

func nameOrNone(name string) string {
	if name == "" {
		return "none"
	}
	return name
}

// changes are the fields that differ, with what each is repaired to where the
// whole of them is wanted at all.
func changes(was, is, shall []field, wanted bool) string {
	var words []string
	for i := range was {
		if was[i].value == is[i].value {
			continue
		}
		word := fmt.Sprintf("%s %s -> %s", was[i].name, was[i].value, is[i].value)
		switch {
		case !wanted, shall[i].value == is[i].value: // Somebody was faster than we with what is wanted now.
		case shall[i].value == was[i].value:
			word += ", back to " + shall[i].value
		default:
			word += ", now " + shall[i].value
		}
		words = append(words, word)
	}
	return strings.Join(words, "; ")
}

// settings are the most important two of them.
func settings(fields []field) string {
	return fmt.Sprintf("%s %s, %s %s", fields[0].name, fields[0].value, fields[1].name, fields[1].value)
}
