package healthcheck

import "context"

// Checker probes one target. probe.New makes one from a Spec.
type Checker interface {
	// Check makes one attempt and says what came of it; detail is for
	// people. It bounds itself in time and in memory, whatever the target
	// sends, and returns soon once ctx is done.
	Check(ctx context.Context) (reason Reason, detail string)
}

// Builder makes the Checker for a Spec; it fails on a Spec that no Checker
// can follow.
type Builder func(Spec) (Checker, error)

// unbuilt stands in for a Checker that could not be made: the check keeps its
// place and reports why, instead of falling silent.
type unbuilt struct{ err error }

func (u unbuilt) Check(context.Context) (Reason, string) { return LocalError, u.err.Error() }
