package rules

// marks are the chains that mark the packets of firewall-mark services, for
// clients elsewhere and on this host.
//
// The first comes after destination NAT, not with the other marking at
// priority mangle: a connection that is delivered to this host as a real
// server (see deliver) has its destination translated by then and gets no
// mark. IPVS looks for the mark before it looks at the address and would
// schedule it again. It is early enough: IPVS works at local input, and the
// routing decision follows.
func marks(services []Service) []Chain {
	var list []Rule
	for _, s := range services {
		if s.Key.FWMark == 0 {
			continue
		}
		for _, t := range targets(s) {
			list = append(list, Rule{
				When:    t.condition(),
				Then:    Action{Verb: SetMark, Mark: s.Key.FWMark},
				Comment: comment("%s", s.Key),
			})
		}
	}
	if len(list) == 0 {
		return nil
	}
	list = compact(list)
	return []Chain{
		{Name: "marks", Kind: Filter, Hook: Prerouting, Priority: priorityDNAT + 10, Rules: list},
		// IPVS schedules local clients in the output hook, after NAT there
		// (NF_IP_PRI_NAT_DST + 2).
		{Name: "marks-local", Kind: Filter, Hook: Output, Priority: priorityMangle, Rules: list},
	}
}
