package bfd

// Drop says why a packet was not accepted.
type Drop uint8

// The reasons. Accepted is none.
const (
	Accepted       Drop = iota
	Truncated           // shorter than a control packet
	Version             // not version 1
	Length              // the length that it says is too short, or more than there is
	ZeroMultiplier      // Detect Mult is 0
	Multipoint          // the M bit is set
	ZeroMine            // My Discriminator is 0
	ZeroYours           // Your Discriminator is 0, and the state is Init or Up
	Authentication      // it is authenticated, and nothing is agreed
	TTL                 // it has passed more routers than it may
	NoSession           // it names no session of ours, or comes from no neighbour
	Disabled            // the session is AdminDown
	NumDrops
)

var dropNames = [...]string{
	"accepted", "truncated", "version", "length", "zero multiplier", "multipoint", "zero discriminator",
	"no discriminator of ours", "authentication", "TTL", "no such session", "session is AdminDown",
}

func (d Drop) String() string {
	if int(d) < len(dropNames) {
		return dropNames[d]
	}
	return "?"
}
