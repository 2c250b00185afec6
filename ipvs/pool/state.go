package pool

import (
	"strconv"

	"github.com/tandem-ha/tandem/ipvs"
)

// State is what Want remembers of a service between two calls. It is plain
// data: keep it by the service's key, across reloads too. The zero State is a
// service that was never computed.
type State struct {
	Quorum  Quorum
	Weight  int // configured weight of the healthy servers, the figure that quorum is judged by
	Servers map[ipvs.Server]Standing

	SorryAddr ipvs.Server // zero: no sorry server
	Sorry     Standing
}

// Quorum tells whether a service has enough healthy servers.
type Quorum uint8

// The states of quorum. The zero value is a service not judged yet.
const (
	_ Quorum = iota
	Lost
	Held
)

var quorumNames = [...]string{"not judged", "lost", "held"}

func (q Quorum) String() string {
	if int(q) < len(quorumNames) {
		return quorumNames[q]
	}
	return "?"
}

// Status is what a server does for its service.
type Status uint8

// The statuses. The zero value is a server that is not configured.
const (
	_         Status = iota
	Serving          // takes connections by its weight
	Drained          // healthy; an operator gave it weight 0
	Failed           // a check says it is down
	Untried          // alpha: waits for its first success
	StoodDown        // healthy, but quorum is lost and the sorry server serves
	Standby          // a sorry server that is not needed
)

var statusNames = [...]string{"not configured", "serving", "drained", "failed", "untried", "stood down", "standby"}

func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "?"
}

// Standing is how one server stands: its status, and what the table shall hold
// for it.
type Standing struct {
	Status Status
	In     bool   // the table holds it
	Weight int32  // 0 unless In
	Check  string // Failed and Untried: the check that says so
	Why    string // Failed and Untried: what the check says, for people
}

// String says what the table holds: "absent" or "weight 3".
func (s Standing) String() string {
	if !s.In {
		return "absent"
	}
	return "weight " + strconv.Itoa(int(s.Weight))
}
