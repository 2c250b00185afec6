package healthcheck

import "time"

// Result is the outcome of one probe. It is plain data, like Spec.
type Result struct {
	Key    Key
	At     time.Time // when it ended
	Took   time.Duration
	Late   time.Duration // how long after its due time it started: what ails us, not the target
	Reason Reason
	Detail string // for people: "connection refused", "status 503, want 200-299"

	// Fails counts the failures in a row up to this one; 0 after a success. A
	// LocalError neither adds to it nor ends it.
	Fails int
}

// OK tells whether the probe passed.
func (r Result) OK() bool { return r.Reason == Passed }

// Reason is why a probe passed or failed; it is a label in logs and metrics.
type Reason uint8

// The reasons. The zero value is invalid, so that an unset Result never passes.
const (
	_           Reason = iota
	Passed             // all as expected
	Refused            // the target answered that nobody listens
	Unreachable        // no route, host or network unreachable
	TimedOut           // no answer within the timeout
	Reset              // the connection broke while talking
	WrongStatus        // HTTP status outside status_code
	WrongDigest        // body's MD5 is another
	BadReply           // the answer is not the protocol's
	LocalError         // we could not even try: no socket, bad bind address
)

var reasonNames = [...]string{"unset", "passed", "refused", "unreachable", "timed out", "reset", "wrong status", "wrong digest", "bad reply", "local error"}

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "?"
}
