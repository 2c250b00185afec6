package scale

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// A large table gets complete, a reload writes exactly what changed and leaves
// the rest alone, and a stop leaves nothing behind.
func TestTableOfAThousandServers(t *testing.T) {
	b := newBench(t)
	b.Start(t, lab.A, many.config(plain))
	b.complete(t, many)
	first := b.writes(t)
	if want := many.services * (1 + many.servers); first != want {
		t.Errorf("%d writes to the first table, want %d", first, want)
	}
	reload := func(what, config string, want int) {
		t.Helper()
		before := b.writes(t)
		if s := b.Reload(t, lab.A, config); s.Config.LastReload.Refused {
			t.Fatalf("%s: reload refused: %v", what, s.Config.LastReload.Why)
		}
		// What is written is counted once the kernel has it.
		got := 0
		b.until(t, "the reload is written", func() bool { got = b.writes(t) - before; return got >= want })
		if got != want {
			t.Errorf("%s: %d writes, want %d", what, got, want)
		}
	}
	reload("one weight", many.config(many.changed(77)), 1)
	if got := b.weight(many.middle(), 0); got != 77 {
		t.Errorf("the changed weight is %d, want 77", got)
	}
	reload("the weight again", many.config(plain), 1)
	smaller := size{many.services - 1, many.servers}
	reload("a service less", smaller.config(plain), 1)
	reload("and back", many.config(plain), 1+many.servers)

	b.Stop(t, lab.A)
	if services, servers := b.count(t); services+servers > 0 {
		t.Errorf("%d services and %d servers are left after the stop", services, servers)
	}
}

// BenchmarkBesideKeepalived alternates both directors and prints the medians.
// An iteration is a run of each; there are at least three.
func BenchmarkBesideKeepalived(b *testing.B) {
	bench := newBench(b)
	all := map[string][]figures{}
	for n := 0; n < 3 || b.Loop(); n++ {
		if n == 0 {
			b.Loop() // The first three are one iteration.
		}
		for name, command := range commands() {
			f := bench.run(b, command, large)
			b.Logf("%-10s start %6.3f s, reload %6.3f s, stop %6.3f s, %d services and %d servers left",
				name, f.start.Seconds(), f.reload.Seconds(), f.stop.Seconds(), f.services, f.servers)
			all[name] = append(all[name], f)
		}
	}
	for _, figure := range []struct {
		name string
		of   func(figures) time.Duration
	}{
		{"start", func(f figures) time.Duration { return f.start }},
		{"reload", func(f figures) time.Duration { return f.reload }},
		{"stop", func(f figures) time.Duration { return f.stop }},
	} {
		ours, theirs := median(all["tandem"], figure.of), median(all["keepalived"], figure.of)
		b.ReportMetric(ours.Seconds(), "tandem-"+figure.name+"-s")
		b.ReportMetric(theirs.Seconds(), "keepalived-"+figure.name+"-s")
		b.ReportMetric(ours.Seconds()/theirs.Seconds(), figure.name+"-ratio")
	}
	for name, runs := range all {
		b.ReportMetric(float64(slices.MaxFunc(runs, func(x, y figures) int { return x.servers - y.servers }).servers), name+"-left")
	}
}

func median(runs []figures, of func(figures) time.Duration) time.Duration {
	var all []time.Duration
	for _, f := range runs {
		all = append(all, of(f))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
