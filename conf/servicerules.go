package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/vrrp"
)

// finishServices judges the services, and leaves those that shall run. Only
// these take keys and marks from the services below them.
func (l *loader) finishServices(groups []vrrp.Group) {
	l.owner = make(map[ipvs.Key]*service, len(l.services))
	l.taken = make(map[place]bool)
	f, served, networks := newFloating(l.instances, groups), l.served(), l.networks()
	l.services = slices.DeleteFunc(l.services, func(v *service) (drop bool) {
		l.within(v.scope, func() { drop = !v.judge(l) || !v.judgePool(l, f, served) })
		if drop {
			return true
		}
		for _, k := range v.keys() {
			l.owner[k] = v
		}
		l.addMarks(v.matches)
		return false
	})
	for _, v := range l.services {
		l.within(v.scope, func() {
			v.judgeGateway(l, f)
			v.judgeDirect(l, networks)
			v.judgeDoubts(l)
		})
	}
	l.judgeReached(f)
	l.judgeDropped(f)
	for _, in := range l.instances { // Only now: nobody's gateway is in a pool.
		in.Excluded = append(in.Excluded, in.pool...)
	}
	l.shadowed()
	l.finishServerGroups()
}

// judge completes a service when the whole file has been read, and tells
// whether it shall run.
func (v *service) judge(l *loader) bool {
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: it has no real_server")
		return false
	}
	// The family of a firewall mark is needed to judge its servers, and the
	// forwarding method to judge their ports.
	if !v.judgeKey(l) || v.lost {
		return false
	}
	v.judgeForwarding(l)
	v.judgeMatches(l)
	v.judgeServers(l)
	v.judgePersistence(l)
	v.judgeFlags(l)
	v.judgeSorry(l)
	if len(v.servers) == 0 {
		l.errorf(v.pos, "", "the block is ignored: none of its real servers can be used")
		return false
	}
	v.judgeQuorum(l)
	v.judgeInheritance()
	for _, r := range v.servers {
		r.judgeChecks(l, v)
	}
	return true
}

// judgeForwarding sets the scheduler and the forwarding method. Both are an
// error where they are missing, although there are defaults: a DR setup that is
// forwarded by NAT answers nobody.
func (v *service) judgeForwarding(l *loader) {
	if v.IPVS.Scheduler == "" {
		v.IPVS.Scheduler = defaultScheduler
		l.errorf(v.pos, "write lb_algo", "it has no scheduler: %s is used", v.IPVS.Scheduler)
	}
	if v.method == nil {
		v.method = &method{forwarding: ipvs.NAT}
		l.errorf(v.pos, "write lb_kind", "it has no forwarding method: NAT is used")
	}
}

// judgeQuorum lowers a quorum that can never be reached, and a hysteresis with
// which it could never be lost: it is lost below quorum - hysteresis.
func (v *service) judgeQuorum(l *loader) {
	total := 0
	for _, r := range v.servers {
		total += int(r.Dest.Weight)
	}
	if total = max(total, 1); v.Quorum > total {
		l.errorf(v.met.at(v.pos, "quorum"), "", "quorum %d becomes %d, the weight of all real servers", v.Quorum, total)
		v.Quorum = total
	}
	if v.Hysteresis >= v.Quorum && v.Hysteresis > 0 {
		l.errorf(v.met.at(v.pos, "hysteresis"), "", "hysteresis %d becomes %d: it is less than the quorum", v.Hysteresis, v.Quorum-1)
		v.Hysteresis = v.Quorum - 1
	}
}

// judgeInheritance gives alpha and inhibit_on_failure to the servers. The
// flags of the service are set only where no server says otherwise, since they
// hold for all.
func (v *service) judgeInheritance() {
	v.Alpha, v.Inhibit = v.alpha, v.inhibit
	for _, r := range v.servers {
		r.Alpha, r.Inhibit = v.alpha, v.inhibit
		set(&r.Alpha, r.alpha)
		set(&r.Inhibit, r.inhibit)
		v.Alpha = v.Alpha && r.Alpha
		v.Inhibit = v.Inhibit && r.Inhibit
	}
}
