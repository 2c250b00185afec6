package vrrp

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

func TestLateness(t *testing.T) {
	var l Lateness
	if got := l.Quantile(0.999); got != 0 {
		t.Errorf("without adverts: %s", got)
	}
	for range 998 {
		l.add(50 * time.Microsecond)
	}
	l.add(-time.Millisecond) // early, in company
	l.add(7 * time.Millisecond)
	if l.Count() != 1000 || l.Last != 7*ms || l.Max != 7*ms {
		t.Errorf("%+v", l)
	}
	for q, want := range map[float64]time.Duration{
		0.5: 100 * time.Microsecond, 0.998: 100 * time.Microsecond,
		0.999: 7 * ms, // its class ends at 10 ms, and nothing was as late as that
		1:     7 * ms,
	} {
		if got := l.Quantile(q); got != want {
			t.Errorf("quantile %v: %s, want %s", q, got, want)
		}
	}
	l.add(time.Hour)
	if got := l.Quantile(0.9999); got != time.Hour {
		t.Errorf("beyond the last bound: %s", got)
	}
}

func TestStatistics(t *testing.T) {
	counters := func(n *node) Counters { return n.router.Snapshot()[0].Counters }

	bubble(t, "Q-04 Q-05 Q-15 a cut master: no response, and the transition is remembered", func(t *testing.T, l *lan) {
		a, b := pair(l)
		if got := counters(b); got.NewMasterReason != NotMaster || got.BecameMaster != 0 {
			t.Errorf("a backup: %+v", got)
		}
		a.kill()
		l.until(12 * time.Second)
		s := b.router.Snapshot()[0]
		if s.Counters.NewMasterReason != MasterNoResponse || s.Counters.BecameMaster != 1 {
			t.Errorf("%+v", s.Counters)
		}
		if h := s.History; len(h) != 2 || h[0].Reason != Started || h[1].Reason != MasterSilent || h[1].At.Sub(l.start) != lastSent+downB {
			t.Errorf("history %+v", h)
		}
	})

	bubble(t, "Q-05 Q-10 a master that stops: by priority, and its word is counted on both sides", func(t *testing.T, l *lan) {
		a, b := pair(l)
		if err := a.router.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		l.until(12 * time.Second)
		if got := counters(b); got.NewMasterReason != NewByPriority || got.ReceivedPriorityZero != 1 {
			t.Errorf("b %+v", got)
		}
		if got := counters(a); got.NewMasterReason != NotMaster || got.SentPriorityZero != 1 {
			t.Errorf("a %+v", got)
		}
	})

	bubble(t, "Q-05 Q-06 a lower master: preempted, and every good advert counts", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100))
		l.until(10 * time.Second)
		a := l.join("a", "10.20.0.1", vi(150))
		l.until(20 * time.Second)
		// b said so at 10.6, 11.6 and 12.6 s, and as it gave way.
		if got := counters(a); got.NewMasterReason != NewByPreemption || got.Received != 4 {
			t.Errorf("%+v", got)
		}
	})

	bubble(t, "Q-01 Q-02 Q-08 Q-09 Q-11 Q-13 Q-14 each defect has its counter, the last protocol error is kept, totals outlive instances", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		at := time.Now()
		spoil := func(change func(f *Frame)) {
			f := bad(higher)
			f.Payload[7]--
			change(&f)
			a.hear(f)
			synctest.Wait()
		}
		expect := func(want ProtocolError) {
			t.Helper()
			if got := counters(a).ProtocolError; got != want {
				t.Errorf("protocol error %s, want %s", got, want)
			}
		}
		expect(NoError)
		spoil(func(f *Frame) { f.TTL = 254 })
		expect(TTLError)
		spoil(func(f *Frame) { f.Payload[0] = 0x21 })
		spoil(func(f *Frame) { f.Payload[0] = 0x41 })
		expect(VersionError)
		spoil(func(f *Frame) { f.Payload[7]++ })
		expect(ChecksumError)
		spoil(func(f *Frame) { f.Payload[0] = 0x32 })
		spoil(func(f *Frame) { f.Payload = f.Payload[:10] })
		expect(ChecksumError)
		c := counters(a)
		if c.TTLErrors() != 1 || c.TypeErrors() != 1 || c.LengthErrors() == 0 || c.Drops[advert.Version.String()] == 0 {
			t.Errorf("%+v", c.Drops)
		}
		if !c.Discontinuity.Before(at) || c.Discontinuity.IsZero() {
			t.Errorf("discontinuity %s", c.Discontinuity)
		}
		before := a.router.Totals()
		if before.ChecksumErrors != 1 || before.VersionErrors == 0 || before.Discontinuity.IsZero() {
			t.Errorf("totals %+v", before)
		}
		a.reload(vi(150, func(in *Instance) { in.VRID = 99 }))
		synctest.Wait()
		if got := a.router.Totals(); got != before {
			t.Errorf("totals %+v after the instance is gone, were %+v", got, before)
		}
	})

	bubble(t, "Q-03 a virtual router that is not here", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		f := bad(higher)
		f.Payload[1] = 52
		a.hear(f)
		synctest.Wait()
		if got := a.router.Totals().VRIDErrors; got != 1 {
			t.Errorf("%d", got)
		}
	})

	bubble(t, "Q-07 Q-12 another interval and list are counted and heard", func(t *testing.T, l *lan) {
		l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.Interval, in.Addresses = 2*interval, manyAddresses(2) }))
		b := l.join("b", "10.20.0.2", vi(100))
		l.until(20 * time.Second)
		if c := counters(b); c.IntervalErrors() != 8 || c.AddressListErrors() != 8 {
			t.Errorf("%+v", c)
		}
	})

	bubble(t, "Q-16 R-13 R-15 version 2: another password and another interval", func(t *testing.T, l *lan) {
		two := func(password string, every time.Duration) func(*Instance) {
			return func(in *Instance) {
				in.Version, in.Interval = V2, every
				copy(in.Auth[:], password)
			}
		}
		a := l.join("a", "10.20.0.1", vi(150, two("secret", interval)))
		l.join("b", "10.20.0.2", vi(100, two("other", interval)))
		l.join("c", "10.20.0.3", vi(100, two("", interval)))
		l.join("d", "10.20.0.4", vi(100, two("secret", 2*interval)))
		l.until(20 * time.Second)
		c := counters(a)
		if wrongType, failed := c.AuthErrors(); wrongType == 0 || failed == 0 || c.IntervalErrors() == 0 {
			t.Errorf("%+v", c.Drops)
		}
	})

	bubble(t, "the lateness of adverts is measured against their time", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.freeze(false)
		l.until(lastSent + interval + 300*ms)
		a.thaw()
		l.until(20 * time.Second)
		if late := counters(a).Lateness; late.Max != 300*ms || late.Last != 0 || late.Count() < 10 {
			t.Errorf("%+v", late)
		}
	})

	bubble(t, "the history is bounded and a snapshot of it never changes", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		var before []Transition
		for range 20 {
			a.link("eth0", false)
			a.link("eth0", true)
			before = a.router.Snapshot()[0].History
		}
		last := before[len(before)-1]
		a.link("eth0", false)
		if got := a.router.Snapshot()[0].History; len(got) != maxHistory || got[len(got)-1].To != Fault {
			t.Errorf("%d entries", len(got))
		}
		if before[len(before)-1] != last {
			t.Error("it changed")
		}
	})
}

func TestStatisticsSayWhatTheyAre(t *testing.T) {
	if MasterNoResponse.String() != "master no response" || NewMasterReason(9).String() != "?" {
		t.Error("reasons")
	}
	if VRIDError.String() != "VRID" || ProtocolError(9).String() != "?" {
		t.Error("errors")
	}
}
