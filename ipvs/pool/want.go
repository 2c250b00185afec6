// Package pool decides which real servers serve a virtual server: weights by
// health, quorum with hysteresis, the sorry server, inhibit_on_failure and an
// operator's drain. It is policy only, as keepalived.conf(5) describes it for
// virtual_server, and knows neither a check nor a kernel: Want is a function of
// the configuration, the health and what was decided before.
package pool

import (
	"cmp"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// Want computes what the table shall hold for a service, and what changes with
// it since prev. It alters none of its arguments; called again with the State
// it returned and nothing new it returns the same and no Change.
func Want(cfg Service, in Inputs, prev State) (ipvs.Entry, State, []Change) {
	next := State{Servers: make(map[ipvs.Server]Standing, len(cfg.Servers))}
	for _, s := range cfg.Servers {
		status, check, why := in.diagnose(cfg, s)
		if status == Serving && in.Drained[s.Addr] {
			status = Drained
		}
		next.Servers[s.Addr] = Standing{Status: status, Check: check, Why: why}
	}
	next.Quorum, next.Weight = judge(cfg, next.Servers, prev.Quorum)

	entry := ipvs.Entry{Service: cfg.IPVS, Destinations: make(map[ipvs.Server]ipvs.Destination, len(cfg.Servers)+1)}
	for _, s := range cfg.Servers {
		st := place(cfg, s, next.Servers[s.Addr], next.Quorum)
		next.Servers[s.Addr] = st
		if st.In {
			entry.Destinations[s.Addr] = weighted(s.Dest, st.Weight)
		}
	}
	if cfg.Sorry != nil {
		next.SorryAddr = cfg.Sorry.Addr
		next.Sorry = placeSorry(*cfg.Sorry, in, next.Quorum)
		// A box may be real and sorry server at once. Its pool entry has
		// the address while it serves; in the sorry server's turn it is gone
		// or has weight 0.
		if _, member := entry.Destinations[cfg.Sorry.Addr]; next.Sorry.In && (!member || next.Sorry.Status != Standby) {
			entry.Destinations[cfg.Sorry.Addr] = weighted(cfg.Sorry.Dest, next.Sorry.Weight)
		}
	}
	return entry, next, changes(prev, next)
}

// judge tells whether the service has quorum, and the weight that says so.
// With hysteresis it is gained at quorum + hysteresis and lost below quorum -
// hysteresis; a start is judged as a gain. Without any weight to serve by it is
// lost, however small the threshold.
//
// A drained server counts with its configured weight: an operator who takes
// one server out shall not lose the others with it. Only when nobody else is
// left to serve does a drain cost the quorum.
func judge(cfg Service, servers map[ipvs.Server]Standing, before Quorum) (Quorum, int) {
	healthy, serving := 0, 0
	for _, s := range cfg.Servers {
		switch servers[s.Addr].Status {
		case Serving:
			healthy += int(s.Dest.Weight)
			serving += int(s.Dest.Weight)
		case Drained:
			healthy += int(s.Dest.Weight)
		}
	}
	threshold := max(cfg.Quorum, 1) + cfg.Hysteresis
	if before == Held {
		threshold = max(cfg.Quorum, 1) - cfg.Hysteresis
	}
	if serving == 0 || healthy < threshold {
		return Lost, healthy
	}
	return Held, healthy
}

// place says what the table holds for a pool member.
func place(cfg Service, s Server, st Standing, q Quorum) Standing {
	// Only a sorry server sends the healthy ones away: without one, a few
	// servers are better than none.
	if st.Status == Serving && q == Lost && cfg.Sorry != nil {
		st.Status = StoodDown
	}
	switch st.Status {
	case Serving:
		st.In, st.Weight = true, s.Dest.Weight
	case Drained:
		// Its connections are to end by themselves, beside the sorry
		// server too.
		st.In = true
	default:
		// inhibit_on_failure keeps what would be removed, so that its
		// connections live on; quorum_down and alpha count as failure.
		st.In = cfg.Inhibit || s.Inhibit
	}
	return st
}

// placeSorry says what the table holds for the sorry server.
func placeSorry(s Sorry, in Inputs, q Quorum) Standing {
	switch {
	case q != Lost:
		return Standing{Status: Standby, In: s.Inhibit}
	case in.Drained[s.Addr]:
		return Standing{Status: Drained, In: true}
	}
	// A sorry server has no weight of its own in the configuration.
	return Standing{Status: Serving, In: true, Weight: max(s.Dest.Weight, 1)}
}

func weighted(d ipvs.Destination, weight int32) ipvs.Destination {
	d.Weight = weight
	return d
}

// changes lists what differs from prev to next, the service first, then its
// servers by address, the sorry server last.
func changes(prev, next State) []Change {
	var list []Change
	if prev.Quorum != next.Quorum {
		reason := QuorumGained
		if next.Quorum == Lost {
			reason = QuorumLost
		}
		list = append(list, Change{Reason: reason})
	}
	all := addresses(prev, next)
	for i, addr := range all {
		from, to := prev.Servers[addr], next.Servers[addr]
		if from.Status != to.Status || from.In != to.In || from.Weight != to.Weight {
			list = slices.Grow(list, 1+len(all)-i) // Where one is new, mostly all are.
			list = append(list, Change{Server: addr, Reason: reasonFor(from, to, next.Quorum), From: from, To: to})
		}
	}
	return append(list, sorryChanges(prev, next)...)
}

// sorryChanges lists what differs for the sorry server; a new address is
// another server.
func sorryChanges(prev, next State) []Change {
	var list []Change
	before := prev.Sorry
	if prev.SorryAddr != next.SorryAddr {
		if prev.SorryAddr.IsValid() {
			list = append(list, Change{Server: prev.SorryAddr, Sorry: true, Reason: Unconfigured, From: before})
		}
		before = Standing{}
	}
	if before == next.Sorry {
		return list
	}
	c := Change{Server: next.SorryAddr, Sorry: true, From: before, To: next.Sorry}
	switch {
	case before.Status == next.Sorry.Status, before.Status == 0 && next.Sorry.Status == Standby:
		c.Reason = Configured
	case next.Sorry.Status == Standby:
		c.Reason = SorryOut
	case next.Sorry.Status == Drained && before.Status == Serving:
		c.Reason = DrainBegun
	case before.Status == Drained:
		c.Reason = DrainEnded
	default:
		c.Reason = SorryIn
	}
	return append(list, c)
}

// addresses are the pool members of either state, in order.
func addresses(prev, next State) []ipvs.Server {
	list := make([]ipvs.Server, 0, len(next.Servers))
	for addr := range next.Servers {
		list = append(list, addr)
	}
	for addr := range prev.Servers {
		if _, both := next.Servers[addr]; !both {
			list = append(list, addr)
		}
	}
	slices.SortFunc(list, func(a, b ipvs.Server) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Port(), b.Port()))
	})
	return list
}
