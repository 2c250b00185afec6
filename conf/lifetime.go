package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// hundredth is how exactly times are said to people.
const hundredth = 10 * time.Millisecond

const lifetimeArgs = "auto|infinite|1..86400"

// setLifetime reads vip_lifetime.
func setLifetime(to *vrrp.Lifetime, l *loader, s *syntax.Statement) {
	switch w := s.Words[1]; w.Text {
	case "auto":
		*to = vrrp.Lifetime{}
	case "infinite":
		*to = vrrp.Lifetime{Mode: vrrp.LifetimeInfinite}
	default:
		n, ok := whole(w.Text, 1, 86400)
		if !ok {
			l.invalid(s.Keyword(), w, "it takes auto, infinite, or seconds from 1 to 86400")
			return
		}
		*to = vrrp.Lifetime{Mode: vrrp.LifetimeFixed, For: time.Duration(n) * time.Second}
	}
}

// showLifetime is what setLifetime reads.
func showLifetime(t vrrp.Lifetime) []Node {
	switch t.Mode {
	case vrrp.LifetimeInfinite:
		return statement("vip_lifetime", "infinite")
	case vrrp.LifetimeFixed:
		return statement("vip_lifetime", t.For)
	}
	return statement("vip_lifetime", "auto")
}

// adviseLifetime warns of a lifetime after which nobody has the addresses: the
// kernel takes them from a tandem that is dead before a backup is sure of it. Of
// one file alone the slowest backup there can be counts.
func (in *instance) adviseLifetime(l *loader) {
	slowest := in.takeover(1)
	if in.Lifetime.Mode == vrrp.LifetimeFixed && in.Lifetime.For < slowest {
		l.warnf(in.met.at(in.pos, "vip_lifetime"), "write auto, which is as long as it must be",
			"vip_lifetime %s: a backup may take over %s s after the last advert only: when tandem is killed, nobody has the addresses in between",
			inSeconds(in.Lifetime.For), inSeconds(slowest.Round(hundredth)))
	}
}
