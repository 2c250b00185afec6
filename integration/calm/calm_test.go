package calm

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// director is one of those that are compared.
type director struct {
	name, command string
	up            string // what it says of each instance once it listens
}

func directors() []director {
	return []director{
		{"tandem", rig.Tandem(), "to=BACKUP reason=started"},
		{"keepalived", "keepalived --vrrp --dont-fork --log-console -f {conf}", "Entering BACKUP STATE (init)"},
	}
}

// join starts director B and waits until it listens for all, and until A's
// second announcement has passed.
func join(t testing.TB, p *rig.Pair, d director, c crowd) {
	t.Helper()
	p.Launch(t, lab.B, d.command, c.config(lab.B))
	rig.Until(t, "director b listens", func() error {
		if n := p.Log(lab.B).Count(d.up); n < c.instances {
			return fmt.Errorf("for %d of %d", n, c.instances)
		}
		return nil
	})
	pause(5 * time.Second)
}

// figures of one run.
type figures struct {
	start          time.Duration // until director A has all addresses
	late           lateness
	master, backup time.Duration // processor time a minute
	strayed        int           // addresses that moved for no reason
	first, all     time.Duration // from kill -9 of A to the first and the last address at B
}

// run is one life of a pair: A becomes master of all, B joins, nothing happens
// for the window, A is killed.
func run(t testing.TB, d director, c crowd, window time.Duration, load int) (f figures) {
	t.Helper()
	p := rig.New(t, lab.Options{})
	c.cable(t, p)
	moves, heard := watch(t, p), listen(t, p.Director(lab.B), c)
	hogs(t, load)

	begun := time.Now()
	p.Launch(t, lab.A, d.command, c.config(lab.A))
	f.start = moves.wait(t, lab.A, c.instances).Sub(begun)
	join(t, p, d, c)

	before, ours, theirs := moves.moved(), burnt(t, p.Process(lab.A).Pid()), burnt(t, p.Process(lab.B).Pid())
	heard.forget()
	pause(window)
	f.late = heard.lateness(time.Duration(c.interval * float64(time.Second)))
	f.strayed = moves.moved() - before
	scale := time.Minute.Seconds() / window.Seconds()
	f.master = time.Duration(float64(burnt(t, p.Process(lab.A).Pid())-ours) * scale)
	f.backup = time.Duration(float64(burnt(t, p.Process(lab.B).Pid())-theirs) * scale)

	begun = time.Now()
	p.Kill(t, lab.A)
	f.first = moves.waitSome(t, lab.B).Sub(begun)
	f.all = moves.wait(t, lab.B, c.instances).Sub(begun)
	return f
}

// pause lets a window pass in which nothing shall happen.
func pause(d time.Duration) { <-time.After(d) }

func (f figures) String() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
	return fmt.Sprintf("all master after %.2f s; adverts %d, late median %s, 99.9 %% %s, most %s; %d false moves; processor a minute: master %.2f s, backup %.2f s; killed: first address after %.3f s, all %.3f s",
		f.start.Seconds(), f.late.adverts, ms(f.late.median), ms(f.late.most), ms(f.late.max), f.strayed, f.master.Seconds(), f.backup.Seconds(), f.first.Seconds(), f.all.Seconds())
}

// compare runs the directors alternately and reports medians and ratios.
func compare(b *testing.B, c crowd, window time.Duration, load int) {
	if _, err := exec.LookPath("keepalived"); err != nil {
		b.Skip("no keepalived to compare with: apt-get install keepalived")
	}
	all := map[string][]figures{}
	for b.Loop() {
		for _, d := range directors() {
			f := run(b, d, c, window, load)
			b.Logf("%s: %s", d.name, f)
			all[d.name] = append(all[d.name], f)
			if d.name == "tandem" && f.strayed > 0 {
				b.Errorf("tandem moved %d addresses for no reason", f.strayed)
			}
		}
	}
	c.judge(b, all, load)
	for _, figure := range []struct {
		name string
		of   func(figures) time.Duration
	}{
		{"start", func(f figures) time.Duration { return f.start }},
		{"late99.9", func(f figures) time.Duration { return f.late.most }},
		{"cpu-master", func(f figures) time.Duration { return f.master }},
		{"cpu-backup", func(f figures) time.Duration { return f.backup }},
		{"all-moved", func(f figures) time.Duration { return f.all }},
	} {
		ours, theirs := median(all["tandem"], figure.of), median(all["keepalived"], figure.of)
		b.ReportMetric(ours.Seconds(), "tandem-"+figure.name+"-s")
		b.ReportMetric(theirs.Seconds(), "keepalived-"+figure.name+"-s")
		if theirs > 0 {
			b.ReportMetric(ours.Seconds()/theirs.Seconds(), figure.name+"-ratio")
		}
	}
}

// judge holds tandem's medians against its budgets.
func (c crowd) judge(b *testing.B, all map[string][]figures, load int) {
	interval := time.Duration(c.interval * float64(time.Second))
	// Three intervals and the skew of priority 100 (RFC 9568 section 6.1).
	bound := 3*interval + interval*156/256
	start := func(f figures) time.Duration { return f.start }
	type budget struct {
		what       string
		is, allows time.Duration
	}
	budgets := []budget{
		{"99.9 % of adverts late by", median(all["tandem"], func(f figures) time.Duration { return f.late.most }), interval / 5},
		{"all master after", median(all["tandem"], start), median(all["keepalived"], start)},
	}
	if load == 0 {
		budgets = append(budgets, budget{"all addresses moved after", median(all["tandem"], func(f figures) time.Duration { return f.all }), bound + 100*time.Millisecond})
	}
	for _, one := range budgets {
		if one.is > one.allows {
			b.Errorf("tandem: %s %s, the budget is %s", one.what, one.is, one.allows)
		}
	}
}

func median(runs []figures, of func(figures) time.Duration) time.Duration {
	var list []time.Duration
	for _, f := range runs {
		list = append(list, of(f))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// window is how long nothing happens; TANDEM_CALM_WINDOW sets another, such as 5m.
func window(b *testing.B, otherwise time.Duration) time.Duration {
	b.Helper()
	text := os.Getenv("TANDEM_CALM_WINDOW")
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	must(b, err)
	return d
}

// A thousand virtual routers, and nothing else to do.
func BenchmarkThousand(b *testing.B) { compare(b, crowd{1000, 0.1}, window(b, 15*time.Second), 0) }

// All VRIDs of one interface.
func BenchmarkOneLink(b *testing.B) { compare(b, crowd{perLink, 0.1}, window(b, 15*time.Second), 0) }

// One virtual router on a host with twice as many hogs as processors.
func BenchmarkHogs(b *testing.B) {
	compare(b, crowd{1, 0.1}, window(b, time.Minute), 2*runtime.NumCPU())
}

// Both.
func BenchmarkThousandWithHogs(b *testing.B) {
	compare(b, crowd{1000, 0.1}, window(b, 30*time.Second), 2*runtime.NumCPU())
}

// Hogs do not make a pair of tandems change its mind.
func TestNobodyMovesForHogs(t *testing.T) {
	t.Parallel()
	c := crowd{instances: 50, interval: 0.2}
	f := run(t, directors()[0], c, 3*time.Second, 2*runtime.NumCPU())
	t.Log(f)
	if f.strayed > 0 {
		t.Errorf("%d addresses moved for no reason", f.strayed)
	}
	if f.late.adverts == 0 {
		t.Error("no advert was heard")
	}
}
