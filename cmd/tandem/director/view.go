package director

import (
	"fmt"
	"time"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/pool"
)

// view shows the services as the pools want them beside what the kernel has.
// It is called on the pools' goroutine.
func (p *pools) view(kernel ipvs.Snapshot) []ServiceStatus {
	views := make([]ServiceStatus, 0, len(p.services))
	for _, s := range p.services {
		state := p.states[s.Name]
		v := ServiceStatus{
			Name: s.Name, Scheduler: s.IPVS.Scheduler, InKernel: true,
			Quorum: s.Quorum, Have: state.Weight, QuorumLost: state.Quorum == pool.Lost,
			Servers: []ServerStatus{},
		}
		for _, key := range members(s) {
			if _, ok := kernel.Table[key]; !ok {
				v.InKernel = false
			}
			if key != s.Key {
				v.Members = append(v.Members, key.String())
			}
		}
		for _, server := range s.Servers {
			r := p.viewServer(s, server, state.Servers[server.Addr])
			viewDrains(&r, s, p.drainsOf(s, server))
			fillKernel(&r, kernel, s.Key, memberServer(s.Key, server.Addr, server.Dest.Forwarding))
			v.Servers = append(v.Servers, r)
		}
		if s.Sorry != nil {
			r := ServerStatus{Addr: s.Sorry.Addr, Sorry: true, Forwarding: method(s.Sorry.Dest, s.Sorry.FullNAT),
				Verdict: state.Sorry.Status.String(), Reason: "sorry server", Configured: s.Sorry.Dest.Weight, Wanted: wanted(state.Sorry)}
			fillKernel(&r, kernel, s.Key, memberServer(s.Key, s.Sorry.Addr, s.Sorry.Dest.Forwarding))
			v.Servers = append(v.Servers, r)
		}
		views = append(views, v)
	}
	return views
}

// viewServer shows a real server's standing and the check that decides it:
// the one that failed, else the one heard of last.
func (p *pools) viewServer(s conf.Service, server pool.Server, st pool.Standing) ServerStatus {
	v := ServerStatus{Addr: server.Addr, Forwarding: method(server.Dest, server.FullNAT), Verdict: st.Status.String(),
		Reason: "no check is configured", Configured: server.Dest.Weight, Wanted: wanted(st)}
	var latest healthcheck.Gate
	for _, key := range server.Checks {
		gate := p.gates[healthcheck.Key(key)]
		if key == st.Check || st.Check == "" && !gate.Last.At.Before(latest.Last.At) {
			latest = gate
		}
	}
	if len(server.Checks) == 0 {
		return v
	}
	v.LastCheck = moment(latest.Last.At)
	switch {
	case latest.Verdict != healthcheck.Unknown:
		v.Reason, v.Since = why(latest), moment(latest.Since)
	case latest.Last.Reason != 0:
		v.Reason = "not decided yet, last probe: " + latest.Last.Reason.String()
	default:
		v.Reason = "not probed yet"
	}
	return v
}

// method is how a server is reached, as the configuration spells it.
func method(d ipvs.Destination, fullNAT bool) string {
	switch {
	case fullNAT:
		return "FULLNAT"
	case d.Tunnel.Type != ipvs.IPIP:
		return d.Forwarding.String() + " " + d.Tunnel.Type.String()
	}
	return d.Forwarding.String()
}

func fillKernel(v *ServerStatus, kernel ipvs.Snapshot, key ipvs.Key, server ipvs.Server) {
	dest, counts, ok := kernel.Server(key, server)
	if !ok {
		return
	}
	v.Kernel, v.Active, v.Inactive = &dest.Weight, counts.Active, counts.Inactive
}

// overdue names the checks that have not reported for far too long: whatever
// they said last is no news.
func (p *pools) overdue(at time.Time) []string {
	var found []string
	for _, s := range p.services {
		for _, c := range s.Checks {
			last := p.gates[c.Key].Last.At
			if since := at.Sub(last); !last.IsZero() && since > 3*(c.Spec.Interval+c.Spec.Timeout+c.Spec.RetryDelay) {
				found = append(found, fmt.Sprintf("check %s has not reported for %s", c.Key, since.Round(time.Second)))
			}
		}
	}
	return found
}

// wanted is the weight that the table shall hold; nil: the server shall not be in it.
func wanted(st pool.Standing) *int32 {
	if !st.In {
		return nil
	}
	return &st.Weight
}

// moment is a time that may not have come yet.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
