package conf

import (
	"math"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
)

// timing is what a checker takes from its real server, and that from the
// virtual server, where it says nothing itself; nil: nothing said.
type timing struct {
	interval, timeout, retryDelay *time.Duration
	retries                       *int
}

// longest is what keepalived can count: 32 bits of microseconds.
const longest = math.MaxUint32 * time.Microsecond

// timingDefaults are the defaults of timing as the reference shows them. Those
// of a block within another are that one's.
type timingDefaults struct{ interval, timeout, retryDelay, retries string }

var (
	serviceTiming = timingDefaults{"60", "5", "1; 3 in HTTP_GET and SSL_GET; delay_loop in DNS_CHECK", "1; 3 in DNS_CHECK; 0 in MISC_CHECK"}
	serverTiming  = inherited("that of the virtual_server")
	checkerTiming = inherited("that of the real_server")
)

func inherited(from string) timingDefaults { return timingDefaults{from, from, from, from} }

// timingRows are the keywords of timing. Only a checker can have retry 0:
// keepalived refuses it in the blocks around it.
func timingRows[T any](minRetry int, def timingDefaults, of func(*T) *timing) []row[T] {
	return []row[T]{
		optionalSeconds("delay_loop", time.Microsecond, longest, func(t *T) **time.Duration { return &of(t).interval }).
			doc(def.interval, "time between two checks of a server"),
		optionalSeconds("connect_timeout", time.Microsecond, longest, func(t *T) **time.Duration { return &of(t).timeout }).
			doc(def.timeout, "how long a check waits for a connection, and for each reply"),
		optionalSeconds("delay_before_retry", 0, longest, func(t *T) **time.Duration { return &of(t).retryDelay }).
			doc(def.retryDelay, "pause before a failed check is tried again"),
		retry(minRetry, func(t *T) **int { return &of(t).retries }).
			doc(def.retries, "how often a failed check is tried again before its server counts as down"),
	}
}

// retry is a number of retries; where it cannot be 0, it is said where it can.
func retry[T any](from int, at func(*T) **int) row[T] {
	r := optionalNumber("retry", from, math.MaxInt32, at)
	set := r.set
	r.set = func(t *T, l *loader, s *syntax.Statement) {
		if w := s.Words[1]; from > 0 && w.Text == "0" {
			l.errorf(w.Pos, "write it in the checks of the real servers", "retry 0 is ignored: keepalived does not take it here")
			return
		}
		set(t, l, s)
	}
	return r
}

// warmup is how far keepalived spreads the first checks of its servers.
func warmup[T any](def string) row[T] {
	return seconds[T]("warmup", 0, longest, nil).later().
		doc(def, "within this time of the start, at random, is the first check; tandem spreads them evenly over delay_loop")
}

// over fills a Spec, which holds the defaults, with what is said, the
// innermost first.
func over(spec *healthcheck.Spec, said ...timing) {
	for _, t := range slices.Backward(said) {
		set(&spec.Interval, t.interval)
		set(&spec.Timeout, t.timeout)
		set(&spec.RetryDelay, t.retryDelay)
		set(&spec.Retries, t.retries)
	}
}

// or is t with what it does not say from another one.
func (t timing) or(other timing) timing {
	return timing{
		either(t.interval, other.interval), either(t.timeout, other.timeout),
		either(t.retryDelay, other.retryDelay), either(t.retries, other.retries),
	}
}

// unless is t without what another one says.
func (t timing) unless(other timing) timing {
	return timing{
		only(t.interval, other.interval), only(t.timeout, other.timeout),
		only(t.retryDelay, other.retryDelay), only(t.retries, other.retries),
	}
}

// either is the first of two values that is there.
func either[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// only is a where there is no b.
func only[T any](a, b *T) *T {
	if b != nil {
		return nil
	}
	return a
}

// set sets the target where there is a value.
func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}
