package healthcheck

import "time"

// Verdict is what the results of one check add up to.
type Verdict uint8

// The verdicts. The zero value is Unknown: no result has decided yet, and
// whether that counts as up or down is for who asks (keyword alpha).
const (
	Unknown Verdict = iota
	Up
	Down
)

var verdictNames = [...]string{"unknown", "up", "down"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "?"
}

// Gate turns the results of one check into a verdict. It is plain data without
// a clock: copy it to export it. Keep it by the check's key over reloads and
// restarts, even when the Spec became another one: a failed server then stays
// out until the new check passes, and a healthy one stays in until it fails.
//
// The zero Gate starts at Unknown.
type Gate struct {
	Verdict Verdict
	Since   time.Time // of the result that made the verdict; zero while Unknown
	Reason  Reason    // of the result that made the verdict
	Detail  string    // of the result that made the verdict, for people

	Last Result // newest result, whatever it said; Last.At tells how fresh the verdict is
}

// Step takes a result in and tells whether the verdict changed by it. retries
// is Spec.Retries: a target goes down with the first failure beyond that many
// in a row, and comes up with a single success, as keepalived has it (keyword
// retry). A target that was never seen up gets its retries too, so that one
// lost packet at the start evicts nobody.
//
// A LocalError says something about this host and nothing about the target:
// it changes no verdict, neither way.
func (g Gate) Step(r Result, retries int) (Gate, bool) {
	g.Last = r
	verdict := g.Verdict
	switch {
	case r.OK():
		verdict = Up
	case r.Reason == LocalError:
	case r.Fails > retries:
		verdict = Down
	}
	if verdict == g.Verdict {
		return g, false
	}
	g.Verdict, g.Since, g.Reason, g.Detail = verdict, r.At, r.Reason, r.Detail
	return g, true
}
