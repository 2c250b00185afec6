package pool

import "github.com/tandem-ha/tandem/ipvs"

// Verdict is what is known of one check.
type Verdict uint8

// The verdicts. The zero value is Unknown: the check has not decided yet, and
// alpha says whether its server may serve meanwhile.
const (
	Unknown Verdict = iota
	Up
	Down
)

// Health is one check as Want sees it.
type Health struct {
	Verdict Verdict
	Why     string // for people: "refused: connection refused"
}

// Inputs are the facts that Want decides on.
type Inputs struct {
	// Checks holds the health of the service's checks by the names in
	// Server.Checks; a missing one is Unknown.
	Checks map[string]Health

	// Drained are the destinations to which an operator gave weight 0; they
	// keep it until the operator takes it back.
	Drained map[ipvs.Server]bool
}

// diagnose tells whether a server may serve, and if not which check says so.
// A server without checks always may.
func (in Inputs) diagnose(cfg Service, s Server) (status Status, check, why string) {
	alpha := cfg.Alpha || s.Alpha
	status = Serving
	for _, name := range s.Checks {
		switch h := in.Checks[name]; {
		case h.Verdict == Down:
			return Failed, name, h.Why
		case h.Verdict == Unknown && alpha && status == Serving:
			status, check, why = Untried, name, "no check has passed yet"
		}
	}
	return status, check, why
}
