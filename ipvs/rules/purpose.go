package rules

import (
	"fmt"
	"slices"
	"strings"
)

// What the comments of rules say around the name of their service.
const (
	fullNATOf    = "FULLNAT of "
	servedHere   = ", of which this host is a real server"
	namedInFirst = 2 // services, before a Purpose counts the rest
)

// Purpose says what the table is for: "FULLNAT of A, B and 3 more; marks of
// fwmark 7; delivery to this host of C".
func (t Table) Purpose() string {
	var purposes []string
	say := func(what string, services []string) {
		if services = slices.Compact(slices.Sorted(slices.Values(services))); len(services) == 0 {
			return
		}
		named := strings.Join(services[:min(len(services), namedInFirst)], ", ")
		if more := len(services) - namedInFirst; more > 0 {
			named += fmt.Sprintf(" and %d more", more)
		}
		purposes = append(purposes, what+" "+named)
	}
	var sources, marked, delivered []string
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			switch r.Then.Verb {
			case SNAT:
				sources = append(sources, strings.TrimPrefix(r.Comment, fullNATOf))
			case SetMark:
				marked = append(marked, r.Comment)
			case DNAT:
				delivered = append(delivered, strings.TrimSuffix(r.Comment, servedHere))
			}
		}
	}
	say("FULLNAT of", sources)
	say("marks of", marked)
	say("delivery to this host of", delivered)
	return strings.Join(purposes, "; ")
}
