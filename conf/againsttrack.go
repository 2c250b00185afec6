package conf

import (
	"fmt"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// tracking reports failures after which the wrong director is master, or none:
// what a weight comes to can only be seen in both files.
func (c *comparison) tracking(this, other *File) {
	for _, o := range Simulate(this, other) {
		if o.Failure == "" || o.Peer < 0 {
			continue // Without a peer there is nobody to take over, which has been said.
		}
		pos, see, name := c.places(o)
		if pos == (syntax.Pos{}) {
			continue
		}
		switch {
		case o.Verdict == Lost:
			c.report(Error, pos, see, "", "vrrp_instance %s: %s at %s: neither director is master, and nobody has its addresses", name, o.Failure, o.At)
		case o.Verdict == Stays && o.Master == o.At && o.Priority == o.Before:
			c.report(Warning, pos, see, "without a weight the failure is a fault", "vrrp_instance %s: %s at %s: its priority stays %d, and it stays master",
				name, o.Failure, o.At, o.Priority)
		case o.Verdict == Stays && o.Master == o.At && o.Priority != 0 && o.Peer != 0:
			c.report(Warning, pos, see, o.remedy(), "vrrp_instance %s: %s at %s: its priority becomes %d, the other's is %d, and it stays master: the weight changes nothing",
				name, o.Failure, o.At, o.Priority, o.Peer)
		}
	}
}

// remedy is by how much the priority had to change.
func (o Outcome) remedy() string {
	if o.Priority < o.Peer {
		return "nopreempt keeps the other director from taking over"
	}
	return fmt.Sprintf("it must fall by more than %d, to below %d", o.Before-o.Peer, o.Peer)
}

// places are where the instance of an outcome stands in both files, or the line
// that tracks what fails, and its name here.
func (c *comparison) places(o Outcome) (pos, see syntax.Pos, name string) {
	for _, p := range c.pairs {
		switch {
		case o.At == This && p.here.Name == o.Instance:
			return o.Pos, p.there.pos, p.here.Name
		case o.At == Other && p.there.Name == o.Instance:
			return p.here.pos, o.Pos, p.here.Name
		}
	}
	return pos, see, name
}
