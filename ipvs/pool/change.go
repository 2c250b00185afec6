package pool

import "github.com/tandem-ha/tandem/ipvs"

// Change is one step in the life of a service, for the log and for the notify
// scripts.
type Change struct {
	Server   ipvs.Server // zero: the service as a whole gained or lost quorum
	Sorry    bool        // Server is the sorry server
	Reason   Reason
	From, To Standing // the To of a failure names the check and what it said
}

// Moved tells whether the table changes with it. A server that fails while it
// is stood down was out of the table before, and is out after.
func (c Change) Moved() bool { return c.From.In != c.To.In || c.From.Weight != c.To.Weight }

// Reason is why a server's standing changed; it is a label in logs and metrics.
type Reason uint8

// The reasons.
const (
	_            Reason = iota
	Configured          // new in the configuration, or configured otherwise
	Unconfigured        // gone from the configuration
	CheckFailed         // a check went down
	Recovered           // all of its checks pass
	QuorumLost          // the healthy servers are not enough
	QuorumGained        // they are again
	SorryIn             // the sorry server takes over
	SorryOut            // the sorry server is no longer needed
	DrainBegun          // an operator gave it weight 0
	DrainEnded          // the operator took that back
)

var reasonNames = [...]string{"unset", "configured", "no longer configured", "check failed", "recovered",
	"quorum lost", "quorum gained", "sorry server in", "sorry server out", "drained by an operator", "drain ended"}

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "?"
}

// reasonFor names the cause that leads a pool member from one standing to
// another of another status or weight.
func reasonFor(from, to Standing, q Quorum) Reason {
	switch {
	case from.Status == 0, from.Status == to.Status, to.Status == Untried:
		return Configured
	case to.Status == 0:
		return Unconfigured
	case to.Status == Failed:
		return CheckFailed
	case from.Status == Failed, from.Status == Untried:
		return Recovered
	case to.Status == Drained:
		return DrainBegun
	case from.Status == Drained:
		return DrainEnded
	case to.Status == StoodDown && q == Lost:
		return QuorumLost
	case from.Status == StoodDown && q == Held:
		return QuorumGained
	}
	return Configured // the sorry server, alpha or the checks were configured otherwise
}
