package vrrp

import (
	"slices"
	"time"
)

// Tenure says that a router was master when it left or was killed. The router
// that starts after it goes on in its place, as long as no backup can have
// missed it. It has a JSON form.
type Tenure struct {
	Interface string    `json:"interface"`
	IPv6      bool      `json:"ipv6,omitempty"`
	VRID      uint8     `json:"vrid"`
	Sent      time.Time `json:"sent"` // its last advert
}

// unmissed is how long after its last advert no backup can have missed a
// master: the master down interval without any skew (RFC 9568 section 6.1).
func (in Instance) unmissed() time.Duration {
	return MasterDown(in.Version, PriorityOwner, in.Interval) - Skew(in.Version, PriorityOwner, in.Interval)
}

// inherits reports whether the machine goes on in the place of a run before.
func (m *Machine) inherits(now time.Time) bool {
	age := now.Sub(m.tenure)
	return !m.tenure.IsZero() && age >= 0 && age < m.cfg.unmissed()
}

// keepTenures makes the tenures of this moment visible to other goroutines.
func (l *loop) keepTenures() {
	tenures := []Tenure{}
	for _, in := range l.instances {
		if in.state == Master && !in.sentAt.IsZero() {
			tenures = append(tenures, Tenure{in.cfg.Interface, in.cfg.IPv6(), in.cfg.VRID, in.sentAt.Round(0)})
		}
	}
	l.router.tenures.Store(&tenures)
}

// Tenures returns of which virtual routers this one is master, as of now, or
// after Leave as of then, or when the loop has no time to answer as of the last
// call. After Stop there are none. Whoever keeps them passes them to Inherit at
// the next start. The caller must not change them.
func (r *Router) Tenures() []Tenure {
	r.ask((*loop).keepTenures)
	return *r.tenures.Load()
}

// Inherit makes the router go on where a run before was master, if it starts
// before any backup can have missed that one. It is called before Run.
func (r *Router) Inherit(tenures []Tenure) { r.inherited = slices.Clone(tenures) }

// inherit gives a new instance the tenure that a run before left. Wall clocks
// are compared: a monotonic one does not outlive its process.
func (l *loop) inherit(in *instance) {
	for _, t := range l.router.inherited {
		if t.Interface == in.cfg.Interface && t.IPv6 == in.cfg.IPv6() && t.VRID == in.cfg.VRID {
			in.tenure = l.now.Add(-l.now.Round(0).Sub(t.Sent))
		}
	}
}
