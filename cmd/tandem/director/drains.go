package director

import (
	"fmt"
	"strings"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/pool"
)

// drain takes note of a manual drain that begins or ends; it does not block.
func (p *pools) drain(d ipvs.Drain) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drained[d.Key] == nil {
		p.drained[d.Key] = map[ipvs.Server]ipvs.Drain{}
	}
	if d.Over() {
		delete(p.drained[d.Key], d.Server)
	} else {
		p.drained[d.Key][d.Server] = d
	}
	select {
	case p.poke <- struct{}{}:
	default: // one is enough: the map is read anew
	}
}

// drainsOf are the manual drains of a real server, at most one in each member
// of its service. Only one that is drained in all of them serves nobody, and
// counts as drained for the quorum.
func (p *pools) drainsOf(s conf.Service, server pool.Server) []ipvs.Drain {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.drained) == 0 {
		return nil
	}
	var drains []ipvs.Drain
	for _, key := range members(s) {
		if d, ok := p.drained[key][memberServer(key, server.Addr, server.Dest.Forwarding)]; ok {
			drains = append(drains, d)
		}
	}
	return drains
}

// viewDrains shows the manual drains of a server: since the first of them, and
// where, if it is not everywhere.
func viewDrains(r *ServerStatus, s conf.Service, drains []ipvs.Drain) {
	if len(drains) == 0 {
		return
	}
	first := drains[0]
	var where []string
	for _, d := range drains {
		where = append(where, d.Key.String())
		if d.Since.Before(first.Since) {
			first = d
		}
	}
	r.Drained, r.Reason, r.Since = true, first.Reason.String(), moment(first.Since)
	if len(drains) <= len(s.Also) {
		r.Reason += fmt.Sprintf(", in %s alone", strings.Join(where, ", "))
	}
}
