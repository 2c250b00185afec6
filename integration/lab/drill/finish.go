package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// finish lets the silent speak, ends all traffic and reduces what was seen
// between event and end.
func (l *load) finish(ctx context.Context, event, end time.Time, scenario Scenario, run int) Sample {
	s := Sample{Scenario: scenario.Name, Run: run, Watched: millis(end.Sub(event))}
	s.Silent = l.silentSurvival(l.silent.Speak(ctx, silentPatience))
	s.Talkers = l.talkerSurvival(l.talkers.Stop(talkPatience), event)
	for i, p := range l.probes {
		probed := p.Stop()
		outage := millis(traffic.Outage(probed.Replies, event, end, traffic.Tick))
		if i > 0 {
			s.Probe.Others = append(s.Probe.Others, OtherVIP{VIP: l.targets[i].Addr().String(), Outage: outage})
			s.Remarks = append(s.Remarks, fmt.Sprintf("run %d: the other VIP had an outage of %.0f ms", run, outage))
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
		s.Remarks = append(s.Remarks, fmt.Sprintf("run %d: %d connections were on the dead server", run, n))
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
