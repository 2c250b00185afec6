package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// tracking reports what only both files tell of failures: weights that leave the
// master where it is, and failures after which there is none.
func (c *comparison) tracking() {
	both := newContest(c.this.cast(), c.other.cast())
	sides := both.uselessWeights()
	c.found = append(c.found, sides[0]...)
	for _, d := range sides[1] {
		d.Pos, d.See = d.See, d.Pos
		d.Message = "in the other file: " + d.Message
		c.found = append(c.found, d)
	}
	for o := range both.outcomes() {
		if o.Verdict != Lost || o.Failure == "" || o.Peer < 0 || o.Before == 0 {
			continue // Without a peer there is nobody to take over, and one in FAULT has nothing to lose; both have been said.
		}
		if pos, see, name := c.places(o); name != "" {
			c.report(Error, pos, see, "", "vrrp_instance %s: %s at %s: neither director is master, and nobody has its addresses", name, o.Failure, o.At)
		}
	}
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
