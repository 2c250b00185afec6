package drill

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

const (
	// warmUp is the time between opening the connections and the first event on
	// a lab. The kernel's sync daemon sends a buffer that is not full after 2 s
	// (IPVS_SYNC_FLUSH_TIME, net/netfilter/ipvs/ip_vs_sync.c): a connection
	// younger than that is fairly lost.
	warmUp = 2500 * time.Millisecond
	// rest is the time before each further event: who talks is talking.
	rest = 500 * time.Millisecond
	// calmLimit is how much longer than needed a run waits for calm. What has
	// not come back by then counts as lost.
	calmLimit = 8 * time.Second
	// aftermath is watched after calm came, to see that it lasts.
	aftermath = 300 * time.Millisecond
)

// measure makes one scenario happen under load, some time after the load began,
// and returns what it cost.
func measure(ctx context.Context, s *stage, o Options, scenario Scenario, run int, before time.Duration) (Sample, error) {
	l, err := begin(ctx, s, o, scenario)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w%s", scenario.Name, err, s.lastWords())
	}
	wait(ctx, before)
	if scenario.dooms {
		l.doom(s.servers[0])
	}
	ticks, missed := s.loop.Ticks()
	event := time.Now()
	if err := scenario.event(ctx, s); err != nil {
		l.abort()
		return Sample{}, fmt.Errorf("%s: %w%s", scenario.Name, err, s.lastWords())
	}
	await(ctx, l, event, scenario, s.bounds)
	if ctx.Err() != nil {
		l.abort()
		return Sample{}, ctx.Err()
	}
	end := time.Now()
	pace := paceSince(s.loop, ticks, missed)
	sample := l.finish(ctx, event, end, scenario, run)
	sample.Pace = pace
	sample.Pair = s.pair.Name
	return sample, nil
}

// paceSince returns the share of the loop's ticks that were kept since its
// counters were these.
func paceSince(l *traffic.Loop, ticks, missed int) float64 {
	t, m := l.Ticks()
	return math.Round(100*(1-float64(m-missed)/float64(max(t-ticks, 1)))) / 100
}

// await waits until the bound has passed with a margin, for a second election
// would come by then, and until everything is calm.
func await(ctx context.Context, l *load, event time.Time, scenario Scenario, b Bounds) {
	wait(ctx, max(b.MasterDown.Duration()*3/2, time.Second))
	limit := time.Now().Add(calmLimit)
	for now := time.Now(); now.Before(limit) && ctx.Err() == nil; now = time.Now() {
		if l.calm(now, event, scenario) {
			wait(ctx, aftermath)
			return
		}
		wait(ctx, 2*askEvery)
	}
}
