// Package drill rehearses failovers: it raises a lab, lets a pair of directors
// carry traffic, breaks something, and measures from outside what it cost the
// clients, against the timers of RFC 9568.
//
// The invariant: the directors are commands and nothing else. What is measured
// is what a client, a real server or a neighbour on the network can see, so any
// program that reads a keepalived.conf is measured alike.
package drill

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Options says what to rehearse.
type Options struct {
	Scenarios []string      // Names or groups; nil for all.
	Runs      int           // Of every scenario; 0 for each one's own number.
	AdvertInt time.Duration // Of every instance.
	Mode      lab.Mode
	Pairs     []Pair // The first is the one that is judged.

	Talkers, Silent int // Connections of each kind.

	Progress io.Writer // A line for each run; nil for none.

	// Linger, where not nil, is called with the last lab while it still stands.
	Linger func(ctx context.Context, l *lab.Lab) error
}

// Standard sizes of the load.
const (
	StandardTalkers = 40
	StandardSilent  = 20
)

// Run rehearses the scenarios on this machine's kernel, one lab after another,
// and returns what it measured. Pairs take turns within each run, so that they
// meet the same noise. A pair that does not become healthy is an error; a
// missed budget is not.
func Run(ctx context.Context, o Options) (*Report, error) {
	cut, chosen, err := choose(o.Scenarios, o.Mode)
	if err != nil {
		return nil, err
	}
	d := &drill{Options: o, chosen: chosen, start: time.Now(), stories: cut}
	report := d.report()
	for i, story := range cut {
		runs := o.runs(story, chosen)
		for run := 1; run <= runs; run++ {
			for j, pair := range o.Pairs {
				last := i == len(cut)-1 && run == runs && j == len(o.Pairs)-1
				samples, err := d.play(ctx, story, pair, run, last)
				report.Samples = append(report.Samples, samples...)
				if err != nil {
					return report, err
				}
			}
		}
	}
	report.Took = millis(time.Since(d.start))
	return report, nil
}

// runs returns how often a story is played.
func (o Options) runs(s story, chosen map[string]bool) int {
	if o.Runs > 0 {
		return o.Runs
	}
	runs := 1
	for _, scenario := range s.scenarios {
		if chosen[scenario.Name] {
			runs = max(runs, scenario.Runs)
		}
	}
	return runs
}

type drill struct {
	Options
	stories []story
	chosen  map[string]bool
	start   time.Time
}

// report returns the report's head, with the timers that the pair will have.
func (d *drill) report() *Report {
	plan := lab.NewPlan(d.Mode, vips(false))
	return &Report{
		Started: d.start, Kernel: kernel(), Mode: d.Mode.String(), Pairs: d.Pairs,
		Bounds: bounds(plan, configOptions(d.Options, plan, false)),
	}
}

// play plays a story once and returns the samples of its chosen scenarios. The
// others only lead there.
func (d *drill) play(ctx context.Context, story story, pair Pair, run int, last bool) (samples []Sample, err error) {
	s, err := raise(ctx, d.Options, pair, story.active)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := s.close(); err == nil {
			err = closeErr
		}
	}()
	before := warmUp
	for _, scenario := range story.scenarios {
		sample, err := measure(ctx, s, d.Options, scenario, run, before)
		if err != nil {
			return samples, err
		}
		before = rest
		if d.chosen[scenario.Name] {
			samples = append(samples, sample)
			d.progress(sample)
		}
	}
	if last && d.Linger != nil {
		return samples, d.Linger(ctx, s.lab)
	}
	return samples, nil
}

func (d *drill) progress(s Sample) {
	if d.Progress == nil {
		return
	}
	fmt.Fprintf(d.Progress, "%5.1f s  %-18s run %d  %-22s outage %5.0f ms, talkers %d/%d, silent %d/%d, new failed %d/%d\n",
		time.Since(d.start).Seconds(), s.Scenario, s.Run, s.Pair, s.Outage,
		s.Talkers.Survived, s.Talkers.Of, s.Silent.Survived, s.Silent.Of, s.Newcomers.Failed, s.Newcomers.Of)
}

// kernel returns the running kernel's name and release.
func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
