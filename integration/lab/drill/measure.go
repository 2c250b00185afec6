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

// measure makes one scenario happen under load and returns what it cost.
func measure(ctx context.Context, s *stage, o Options, scenario Scenario, calmBefore time.Duration) (Sample, error) {
	l, err := begin(ctx, s, o, scenario)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w%s", scenario.Name, err, s.lastWords())
	}
	wait(ctx, calmBefore)
	if scenario.dooms {
		l.doom(s.servers[0])
	}
	ticks, missed := s.loop.Ticks()
	event := time.Now()
	if err := scenario.event(ctx, s); err != nil {
		l.abort()
		return Sample{}, fmt.Errorf("%s: %w%s", scenario.Name, err, s.lastWords())
	}
	watch(ctx, l, event, scenario, s.bounds)
	if ctx.Err() != nil {
		l.abort()
		return Sample{}, ctx.Err()
	}
	end := time.Now()
	ticks, missed = difference(s.loop, ticks, missed)
	sample := l.finish(ctx, event, end, scenario)
	sample.Pace = math.Round(100*(1-float64(missed)/float64(max(ticks, 1)))) / 100
	sample.Scenario, sample.Pair = scenario.Name, s.pair.Name
	return sample, nil
}

// difference returns what the loop's counters have grown by.
func difference(l *traffic.Loop, ticks, missed int) (int, int) {
	t, m := l.Ticks()
	return t - ticks, m - missed
}

// watch waits until the bound has passed with a margin, for a second election
// would come by then, and until everything is calm.
func watch(ctx context.Context, l *load, event time.Time, scenario Scenario, b Bounds) {
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

// finish lets the silent speak, ends all traffic and reduces what was seen
// between event and end.
func (l *load) finish(ctx context.Context, event, end time.Time, scenario Scenario) Sample {
	s := Sample{Watched: millis(end.Sub(event))}
	s.Silent = l.silentSurvival(l.silent.Speak(ctx, silentPatience))
	s.Talkers = l.talkerSurvival(l.talkers.Stop(talkPatience), event)
	for i, p := range l.probes {
		probed := p.Stop()
		outage := millis(traffic.Outage(probed.Replies, event, end, traffic.Tick))
		if i > 0 {
			s.Probe.Others = append(s.Probe.Others, OtherVIP{Outage: outage})
			s.Remarks = append(s.Remarks, fmt.Sprintf("the other VIP: outage %.0f ms", outage))
			continue
		}
		s.Outage = outage
		s.Probe.Sent, s.Probe.Replies = probed.Sent, len(probed.Replies)
		for _, g := range traffic.Gaps(probed.Replies, event, end, 4*traffic.Tick) {
			s.Probe.Gaps = append(s.Probe.Gaps, GapSpan{millis(g.From.Sub(event)), millis(g.To.Sub(event))})
		}
	}
	l.owners(&s, event, end)
	if l.table != nil {
		at, ok := traffic.Reached(l.table.Stop(), event, *scenario.table*l.services)
		s.Table = maybe(event, at, ok)
	}
	s.Newcomers = newcomersSeen(l.newcomers.Stop(), event, end)
	if n := s.Talkers.doomed() + s.Silent.doomed(); n > 0 {
		s.Remarks = append(s.Remarks, fmt.Sprintf("%d connections were on the dead server", n))
	}
	return s
}

func (l *load) owners(s *Sample, event, end time.Time) {
	heard := l.watch.Stop()
	spans := traffic.Timeline(heard.Claims, silence, event, end)
	for _, span := range spans {
		s.Owners = append(s.Owners, OwnerSpan{
			From: millis(span.From.Sub(event)), To: millis(span.To.Sub(event)), Owners: span.Owners.String(),
		})
	}
	s.NoOwner = millis(traffic.Held(spans, 0))
	s.TwoOwners = millis(traffic.Held(spans, 2) + traffic.Held(spans, 3))
	since, ok := traffic.Settled(spans)
	s.OneOwner = maybe(event, since, ok)
	for _, a := range heard.Announced {
		if a.At.Before(event) {
			continue
		}
		if s.Announced == nil {
			s.Announced = make(map[string]int)
		}
		s.Announced[traffic.NewOwners(a.By).String()]++
	}
}

func (l *load) talkerSurvival(talks []traffic.Talk, event time.Time) Survival {
	var s Survival
	for _, t := range talks {
		gap := traffic.Longest(traffic.Gaps(t.Replies, event, t.Ended, 0))
		s.add(ConnSample{
			Client: t.Client.String(), Server: t.Server, Outcome: t.End.String(),
			Wait: millis(gap.Length()), Doomed: l.doomed[t.Client],
		}, t.End == traffic.Served)
	}
	return s
}

func (l *load) silentSurvival(heard []traffic.Utterance) Survival {
	var s Survival
	for _, u := range heard {
		s.add(ConnSample{
			Client: u.Client.String(), Server: u.Server, Outcome: u.Outcome.String(),
			Wait: millis(u.Took), Doomed: l.doomed[u.Client],
		}, u.Outcome == traffic.Served)
	}
	return s
}

// add counts a connection, unless its server was taken away.
func (s *Survival) add(c ConnSample, lives bool) {
	s.Conns = append(s.Conns, c)
	if c.Doomed {
		return
	}
	s.Of++
	if lives {
		s.Survived++
		return
	}
	if s.Lost == nil {
		s.Lost = make(map[string]int)
	}
	s.Lost[c.Outcome]++
}

// doomed counts the connections whose server was taken away.
func (s Survival) doomed() int {
	return len(s.Conns) - s.Of
}

// newcomersSeen counts the attempts that the event could have touched: those
// that were under way at the event or began between it and the end.
func newcomersSeen(attempts []traffic.Attempt, event, end time.Time) NewcomersSeen {
	var n NewcomersSeen
	for _, a := range attempts {
		if a.Start.Add(a.Took).Before(event) || a.Start.After(end) {
			continue
		}
		n.Of++
		switch {
		case a.Outcome != traffic.Served:
			n.Failed++
			if n.Why == nil {
				n.Why = make(map[string]int)
			}
			n.Why[a.Outcome.String()]++
		case a.Took > late:
			n.Late++
		default:
			continue
		}
		n.Visits = append(n.Visits, Visit{millis(a.Start.Sub(event)), millis(a.Took), a.Outcome.String()})
	}
	return n
}
