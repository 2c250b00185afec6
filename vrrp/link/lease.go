package link

import (
	"math"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// lease is how long the kernel keeps an address, as it was last told. A tandem
// that lives renews it; when nobody is left to do so the kernel takes the
// address away by itself.
type lease struct {
	since time.Time
	life  time.Duration // 0: for ever

	set     time.Time     // since when prefers counts
	prefers time.Duration // see target
}

// due is when the lease is renewed, latest when at the latest.
func (l lease) due() time.Time    { return l.since.Add(l.life / 3) }
func (l lease) latest() time.Time { return l.since.Add(l.life / 2) }

// over says whether the kernel may have taken the address away. It rounds to
// some hundredths of a second (ADDRCONF_TIMER_FUZZ_MINUS, net/ipv4/devinet.c).
func (l lease) over(now time.Time) bool {
	return l.life > 0 && now.Sub(l.since) >= l.life-100*time.Millisecond
}

// renewGap is the least time between two rounds of renewals: each address
// renewed is an event for everybody on the host who listens to them.
const renewGap = time.Second

// nextRenewal is when a round of renewals is due; zero: never.
func nextRenewal(last time.Time, leases map[place]lease) time.Time {
	var due, latest time.Time
	for _, l := range leases {
		if l.life > 0 {
			due, latest = sooner(due, l.due()), sooner(latest, l.latest())
		}
	}
	if next := last.Add(renewGap); !due.IsZero() && due.Before(next) {
		return sooner(next, latest)
	}
	return due
}

// sooner is the earlier of two times; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// renewable says whether a lease is renewed in a round that is due for another:
// those of many instances then share their rounds.
func (l lease) renewable(now time.Time) bool {
	return l.life > 0 && now.Sub(l.since) >= l.life/6
}

// findLives works out how long the kernel shall keep each target. What two
// instances want stays as long as the more patient one says, and what is the
// interface's own for ever.
func (k *keeper) findLives(before []held) {
	lives := make(map[place]time.Duration)
	for _, t := range k.targets {
		life, known := lives[t.place]
		switch {
		case k.leaving || t.wish.Lifetime <= 0 || k.own[t.index] == t.place:
			life = 0
		case !known || life > 0:
			life = max(life, t.wish.Lifetime)
		}
		lives[t.place] = life
	}
	shared := sharedSubnets(before, lives)
	for i := range k.targets {
		t := &k.targets[i]
		t.life = lives[t.place]
		// A route to the subnet outlives an address that was lent, and one by
		// the loopback interface would swallow the subnet's packets for ever.
		t.shared = t.life > 0 && (t.dev.loopback || shared[t.subnet()])
	}
	for p := range k.leases {
		if !has(lives, p) {
			delete(k.leases, p)
		}
	}
}

// sharedSubnets lists the subnets of IPv6 that others have an address in. The
// kernel may put the lifetime of one address on the route that all of a subnet
// share (modify_prefix_route, net/ipv6/addrconf.c).
func sharedSubnets(have []held, targets map[place]time.Duration) map[place]bool {
	shared := make(map[place]bool)
	for _, a := range have {
		if a.prefix.Addr().Is6() && !a.marked && !has(targets, a.place) {
			shared[a.subnet()] = true
		}
	}
	return shared
}

// settleLeases renews at once what the kernel was never told by this run, as
// after adopting it, or was told otherwise.
func (k *keeper) settleLeases(have []held) []error {
	finite := make(map[place]bool)
	for _, a := range have {
		finite[a.place] = a.finite
	}
	for p := range k.leases {
		if !k.kept[p] {
			delete(k.leases, p) // gone, and nothing to renew
		}
	}
	var late []target
	for p, t := range k.wanted {
		l, known := k.leases[p]
		switch {
		case !k.kept[p] || k.own[p.index] == p:
		case t.life > 0 && (!known || l.life != t.life),
			t.life == 0 && (finite[p] || l.life > 0),
			k.stale[p], known && l.prefers != t.prefers(), !known && t.addr.Preferred != vrrp.Lifetime{}:
			late = append(late, t)
		}
	}
	return k.renew(late, func() bool { return false })
}

// deadline is when expire has something to do; zero: never.
func (k *keeper) deadline() time.Time {
	at := nextRenewal(k.renewed, k.leases)
	for _, until := range k.parole {
		at = sooner(at, until)
	}
	for _, w := range k.wishes {
		if w.Present {
			at = sooner(at, w.extraAt)
		}
	}
	return at
}

// expire does what is due. It returns whether a pass is needed.
func (k *keeper) expire(now time.Time) bool {
	k.announceExtra(now)
	for _, until := range k.parole {
		if !until.After(now) {
			return true
		}
	}
	at := nextRenewal(k.renewed, k.leases)
	return !at.IsZero() && !at.After(now) && k.renewLeases(now)
}

// renewLeases is a round of renewals. It returns whether something is not as
// it should be, so that a pass is needed.
func (k *keeper) renewLeases(now time.Time) bool {
	k.now = now
	var list []target
	for p, t := range k.wanted {
		l := k.leases[p]
		if l.over(now) {
			return true // Renewing it could bring back what the kernel took away.
		}
		if k.kept[p] && l.renewable(now) {
			list = append(list, t)
		}
	}
	k.renewed = now
	return len(k.renew(list, k.busy)) > 0
}

// renew tells the kernel anew how long to keep addresses. When wishes come in
// it leaves the rest for later.
func (k *keeper) renew(list []target, busy func() bool) (problems []error) {
	for len(list) > 0 && (len(problems) == 0 || !busy()) {
		part := list[:min(chunk, len(list))]
		list = list[len(part):]
		since := time.Now() // The kernel's count starts a little later.
		reqs := make([]*nl.NetlinkRequest, len(part))
		leases := make([]lease, len(part))
		for i, t := range part {
			leases[i] = k.leases[t.place].renewed(since, t)
			t.preferred = leases[i].preferred()
			reqs[i] = put(t, unix.NLM_F_REPLACE)
		}
		for i, err := range k.kernel.write(reqs) {
			if t := part[i]; err != nil {
				problems = append(problems, problem("renew the lifetime of virtual address", t.prefix, t.dev.name, err))
			} else {
				k.leases[t.place] = leases[i]
			}
		}
		if busy() {
			break
		}
	}
	return problems
}

// renewed is the lease once it is told anew. How long the address is preferred
// counts on, unless another time is wished for.
func (l lease) renewed(now time.Time, t target) lease {
	next := lease{since: now, life: t.life, set: l.set, prefers: t.prefers()}
	if l.set.IsZero() || l.prefers != next.prefers {
		next.set = now
	}
	return next
}

// preferred is how much longer the address is preferred.
func (l lease) preferred() time.Duration {
	if l.prefers == always {
		return always
	}
	return max(0, l.prefers-l.since.Sub(l.set))
}

// always is the time for which an address is preferred that has no end.
const always = time.Duration(math.MaxInt64)

// prefers is for how long an address is preferred from when it is set. One of IPv6
// that stands alone never is, unless its line says so (RFC 6724 section 5, rule
// 3): it answers whoever talks to it, and what the director itself begins, a
// health check for example, leaves from an address that does not move away
// meanwhile. keepalived, too, has preferred_lft 0 for what is a single address.
func (t target) prefers() time.Duration {
	switch p := t.addr.Preferred; {
	case p.Mode == vrrp.LifetimeFixed:
		return p.For
	case p.Mode == vrrp.LifetimeAuto && t.prefix.Addr().Is6() && t.prefix.IsSingleIP():
		return 0
	}
	return always
}

// cacheInfo is struct ifa_cacheinfo (linux/if_addr.h) of an address that is
// valid for life, and preferred for no longer: the kernel refuses what is.
func cacheInfo(life, preferred time.Duration) []byte {
	valid := uint32(forever)
	if life > 0 {
		valid = seconds(life)
	}
	b := append(nl.Uint32Attr(min(seconds(preferred), valid)), nl.Uint32Attr(valid)...)
	return append(b, make([]byte, 8)...) // When it was made and changed: the kernel knows.
}

// seconds are whole ones, rounded up, as the kernel counts.
func seconds(d time.Duration) uint32 {
	whole := d / time.Second
	if d%time.Second > 0 {
		whole++
	}
	return uint32(min(whole, forever))
}

const forever = 1<<32 - 1 // INFINITY_LIFE_TIME (net/addrconf.h)
