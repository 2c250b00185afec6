package bfd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// half is a jitter that does not change from packet to packet.
func half() float64 { return 0.5 }

var start = time.Now()

func config(name string) Config {
	c := Defaults
	c.Name, c.MinTx, c.MinRx, c.Multiplier = name, 100*time.Millisecond, 100*time.Millisecond, 3
	return c
}

// path is two sessions with a path between them.
type path struct {
	t    *testing.T
	ends [2]*Session
	cut  [2]bool // what this end sends is lost
	wire []carried
	log  []string
	now  time.Time
	sent [2]int
	seen [2]time.Time // when this end last sent
	gaps [2][]time.Duration
}

// carried is a packet on its way.
type carried struct {
	to int
	at time.Time
	p  Packet
}

const delay = time.Millisecond

func newPath(t *testing.T, a, b Config) *path {
	r := rand.New(rand.NewPCG(1, 2))
	return &path{t: t, now: start, ends: [2]*Session{NewSession(start, a, 1, r.Float64), NewSession(start, b, 2, r.Float64)}}
}

func (p *path) act(from int, r Result) {
	if c := r.Change; c != nil {
		p.log = append(p.log, fmt.Sprintf("%s %s: %s", p.ends[from].cfg.Name, c.To, c.Why))
	}
	for _, packet := range r.Send {
		if !packet.Final {
			if !p.seen[from].IsZero() {
				p.gaps[from] = append(p.gaps[from], p.now.Sub(p.seen[from]))
			}
			p.seen[from] = p.now
		}
		p.sent[from]++
		b := packet.Marshal()
		if again, drop := Parse(b); drop != Accepted || again != packet {
			p.t.Fatalf("%s sends %+v: %s", p.ends[from].cfg.Name, packet, drop)
		}
		if !p.cut[from] {
			p.wire = append(p.wire, carried{1 - from, p.now.Add(delay), packet})
		}
	}
}

// run lets time pass.
func (p *path) run(d time.Duration) {
	p.t.Helper()
	end := p.now.Add(d)
	for range 1_000_000 {
		next, what := end, -1
		for i, s := range p.ends {
			if at := s.Deadline(); !at.IsZero() && at.Before(next) {
				next, what = at, i
			}
		}
		if len(p.wire) > 0 && !p.wire[0].at.After(next) {
			c := p.wire[0]
			p.wire = p.wire[1:]
			if c.at.After(p.now) {
				p.now = c.at
			}
			r, _ := p.ends[c.to].Received(p.now, c.p)
			p.act(c.to, r)
			continue
		}
		if next.After(p.now) {
			p.now = next
		}
		if what < 0 {
			return
		}
		p.act(what, p.ends[what].Expired(p.now))
	}
	p.t.Fatal("it never comes to rest")
}

func (p *path) states() string { return p.ends[0].state.String() + " " + p.ends[1].state.String() }

func (p *path) want(what, states string) {
	p.t.Helper()
	if got := p.states(); got != states {
		p.t.Fatalf("%s: the ends are %s, want %s\n%v", what, got, states, p.log)
	}
}

func TestComesUp(t *testing.T) {
	p := newPath(t, config("a"), config("b"))
	p.run(100 * time.Millisecond)
	p.want("at once", "Up Up")
	want := []string{"a Init: the neighbour is Down", "b Init: the neighbour is Down", "a Up: the neighbour is Init", "b Up: the neighbour is Init"}
	slices.Sort(p.log)
	slices.Sort(want)
	if diff := cmp.Diff(want, p.log); diff != "" {
		t.Errorf("want and got differ (-want +got):\n%s", diff)
	}
}

// TestIntervals holds what RFC 5880 sections 6.8.3 and 6.8.7 ask of intervals:
// slow until the session is up, jittered by up to 25 %, and with a multiplier of
// 1 by at least 10 %.
func TestIntervals(t *testing.T) {
	for _, multiplier := range []uint8{1, 3} {
		t.Run(fmt.Sprintf("multiplier %d", multiplier), func(t *testing.T) {
			a, b := config("a"), config("b")
			a.Multiplier, a.MinTx, b.MinRx = multiplier, 50*time.Millisecond, 200*time.Millisecond
			p := newPath(t, a, b)
			p.cut = [2]bool{true, true}
			p.run(20 * time.Second)
			most := map[uint8]time.Duration{1: 900 * time.Millisecond, 3: time.Second}[multiplier]
			within(t, "alone", p.gaps[0], 750*time.Millisecond, most)

			p.cut = [2]bool{}
			p.run(5 * time.Second)
			p.want("with each other", "Up Up")
			p.gaps[0] = nil
			p.run(20 * time.Second)
			// The neighbour takes no more than one in 200 ms.
			within(t, "up", p.gaps[0], 150*time.Millisecond, most/5)
			if got := p.ends[1].DetectionTime(); got != time.Duration(multiplier)*200*time.Millisecond {
				t.Errorf("the neighbour's detection time is %s", got)
			}
		})
	}
}

func within(t *testing.T, what string, gaps []time.Duration, least, most time.Duration) {
	t.Helper()
	if len(gaps) < 15 {
		t.Fatalf("%s: only %d packets", what, len(gaps))
	}
	if got := slices.Min(gaps); got < least {
		t.Errorf("%s: a packet comes %s after another, want %s at least", what, got, least)
	}
	if got := slices.Max(gaps); got > most {
		t.Errorf("%s: a packet comes %s after another, want %s at most", what, got, most)
	}
	if slices.Max(gaps)-slices.Min(gaps) < least/20 {
		t.Errorf("%s: there is no jitter", what)
	}
}

// TestDetects holds that a path that breaks one way is noticed by both ends, the
// one by silence and the other because it is told.
func TestDetects(t *testing.T) {
	p := newPath(t, config("a"), config("b"))
	p.run(5 * time.Second)
	p.want("before", "Up Up")
	p.log, p.cut[0] = nil, true
	began := p.now
	p.run(500 * time.Millisecond)
	p.want("what a sends is lost", "Down Down")
	if since := p.ends[1].since.Sub(began); since > 300*time.Millisecond || since < 150*time.Millisecond {
		t.Errorf("b notices it after %s", since)
	}
	want := []string{"b Down: nothing heard for 300ms", "a Down: the neighbour is Down: detection time expired"}
	if diff := cmp.Diff(want, p.log); diff != "" {
		t.Errorf("want and got differ (-want +got):\n%s", diff)
	}
	p.run(time.Minute)
	if p.ends[1].state != Down || p.ends[0].state != Init {
		t.Errorf("as long as it lasts they are %s", p.states())
	}
	p.cut[0] = false
	p.run(5 * time.Second)
	p.want("after", "Up Up")
}

// TestRestart holds that a neighbour that begins anew, with another discriminator,
// is taken for what it is.
func TestRestart(t *testing.T) {
	p := newPath(t, config("a"), config("b"))
	p.run(5 * time.Second)
	p.log = nil
	p.ends[1] = NewSession(p.now, config("b"), 99, half)
	p.run(5 * time.Second)
	p.want("after it", "Up Up")
	if p.ends[0].yours != 99 {
		t.Errorf("a speaks to %d", p.ends[0].yours)
	}
	if p.log[0] != "a Down: the neighbour is Down" {
		t.Errorf("first is %q", p.log[0])
	}
}

func TestAdminDown(t *testing.T) {
	p := newPath(t, config("a"), config("b"))
	p.run(5 * time.Second)
	p.log = nil
	p.act(0, p.ends[0].Disable(p.now))
	p.run(10 * time.Second)
	p.want("a is disabled", "AdminDown Down")
	want := []string{"a AdminDown: taken away", "b Down: the neighbour is AdminDown: administratively down"}
	if diff := cmp.Diff(want, p.log); diff != "" {
		t.Errorf("want and got differ (-want +got):\n%s", diff)
	}
	if _, drop := p.ends[0].Received(p.now, Packet{State: Down, Mine: 2, Multiplier: 3}); drop != Disabled {
		t.Errorf("what comes to it is %s", drop)
	}
	if at := p.ends[0].Deadline(); !at.IsZero() {
		t.Error("it has a deadline")
	}
}

func TestPassive(t *testing.T) {
	a, b := config("a"), config("b")
	a.Passive, b.Passive = true, true
	p := newPath(t, a, b)
	p.run(10 * time.Second)
	if p.sent != [2]int{} {
		t.Errorf("two that are passive send %v packets", p.sent)
	}
	b.Passive = false
	p = newPath(t, a, b)
	p.run(5 * time.Second)
	p.want("one that is not", "Up Up")
	p.cut[1] = true
	p.run(10 * time.Second)
	p.want("silence", "Down Down")
	before := p.sent[0]
	p.run(10 * time.Second)
	if p.sent[0] != before {
		t.Error("one that is passive speaks to nobody")
	}
}

// TestPoll holds section 6.8.3: between ends that are up a longer interval
// counts only once the neighbour has said that it knows.
func TestPoll(t *testing.T) {
	p := newPath(t, config("a"), config("b"))
	p.run(5 * time.Second)
	slow := config("a")
	slow.MinTx, slow.MinRx = 400*time.Millisecond, 50*time.Millisecond
	p.cut[1] = true // b's answers are lost for a moment
	p.ends[0].Configure(p.now, slow)
	p.gaps[0] = nil
	p.run(200 * time.Millisecond)
	if got := p.ends[0].interval(); got != 100*time.Millisecond {
		t.Errorf("before the answer it sends every %s", got)
	}
	if !p.ends[0].poll {
		t.Error("it does not poll")
	}
	p.cut[1] = false
	p.run(5 * time.Second)
	p.want("after the answer", "Up Up")
	if got := p.ends[0].interval(); got != 400*time.Millisecond || p.ends[0].poll {
		t.Errorf("after the answer it sends every %s, and polls: %v", got, p.ends[0].poll)
	}
	if got := p.ends[1].DetectionTime(); got != 1200*time.Millisecond {
		t.Errorf("the neighbour waits for %s", got)
	}
	p.run(time.Minute)
	p.want("for a minute", "Up Up")
}

// TestWantsNothing holds that a neighbour that wants no packets, or that is in
// demand mode, gets none but answers (sections 6.8.7 and 6.6).
func TestWantsNothing(t *testing.T) {
	tests := []struct {
		name string
		up   Packet
	}{
		{"no packets", Packet{State: Up, Mine: 2, Yours: 1, Multiplier: 3, DesiredMinTx: time.Second}},
		{"demand mode", Packet{State: Up, Mine: 2, Yours: 1, Multiplier: 3, DesiredMinTx: time.Second, RequiredMinRx: time.Second, Demand: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSession(start, config("a"), 1, half)
			s.Received(start, Packet{State: Init, Mine: 2, Yours: 1, Multiplier: 3, DesiredMinTx: time.Second, RequiredMinRx: time.Second})
			s.Expired(s.due)
			final := tt.up
			final.Final = true // it has answered our poll
			s.Received(start.Add(time.Millisecond), final)
			if s.state != Up || !s.due.IsZero() {
				t.Fatalf("it is %s, and sends in %s", s.state, s.due.Sub(start))
			}
			asked := tt.up
			asked.Poll = true
			r, _ := s.Received(start.Add(time.Second), asked)
			if len(r.Send) != 1 || !r.Send[0].Final || r.Send[0].Poll {
				t.Errorf("a poll is answered by %+v", r.Send)
			}
			// Silence ends that too: the next one is spoken to again.
			s.Expired(s.Deadline())
			if s.state != Down || s.due.IsZero() {
				t.Errorf("after silence it is %s", s.state)
			}
		})
	}
}

// FuzzSession holds of any packets at any times: what Parse drops changes nothing,
// a session is up only with a neighbour that has answered it, and what it sends
// is well-formed and never more often than it may.
func FuzzSession(f *testing.F) {
	up := Packet{State: Init, Mine: 2, Yours: 1, Multiplier: 3, DesiredMinTx: time.Second, RequiredMinRx: time.Second}
	f.Add(append([]byte{1}, up.Marshal()...), uint8(3), false)
	f.Add([]byte{0, 1, 2, 3}, uint8(1), true)
	f.Fuzz(func(t *testing.T, in []byte, multiplier uint8, passive bool) {
		c := config("fuzz")
		c.Multiplier, c.Passive = max(multiplier, 1), passive
		now := start
		s := NewSession(now, c, 1, half)
		for len(in) > 0 {
			now = now.Add(time.Duration(in[0]) * 10 * time.Millisecond)
			in = in[1:]
			for !s.Deadline().IsZero() && !now.Before(s.Deadline()) {
				at := s.Deadline()
				checkSent(t, s.Expired(at))
				if next := s.Deadline(); next.Equal(at) {
					t.Fatal("it is never done")
				}
			}
			b := in[:min(len(in), Size)]
			in = in[len(b):]
			p, drop := Parse(b)
			if drop != Accepted {
				continue // It never reaches a session.
			}
			before := s.state
			r, _ := s.Received(now, p)
			checkSent(t, r)
			if s.state == Up && before != Up && p.State != Init && p.State != Up {
				t.Fatalf("%s becomes Up by %+v", before, p)
			}
			if s.state == Init && before == Up {
				t.Fatalf("Up becomes Init by %+v", p)
			}
		}
	})
}

func checkSent(t *testing.T, r Result) {
	t.Helper()
	if len(r.Send) > 1 {
		t.Fatalf("it sends %d packets at once", len(r.Send))
	}
	for _, p := range r.Send {
		if again, drop := Parse(p.Marshal()); drop != Accepted || again != p || p.Poll && p.Final {
			t.Fatalf("it sends %+v: %s", p, drop)
		}
	}
}
