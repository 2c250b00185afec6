package vrrp

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

// newSimulation makes two or three directors on one or two links out of fuzz
// input, and returns what is left of it.
func newSimulation(data []byte) (*simulation, []byte) {
	take := func() (b byte) {
		if len(data) > 0 {
			b, data = data[0], data[1:]
		}
		return b
	}
	shape := take()
	s := &simulation{
		now: time.Second, calmSince: time.Second, moved: time.Second,
		rand: rand.New(rand.NewPCG(uint64(shape), 1)), delay: time.Duration(shape>>4) * 10 * ms,
		lost: make(map[path]int), trouble: make([]trouble, shape>>1&1+1),
	}
	for n := range int(shape&1) + 2 {
		d := &director{number: n}
		for range s.trouble {
			in := testInstance()
			priority, manner := take(), take()
			in.Priority = max(priority, 1)
			in.NoPreempt = manner&1 != 0
			in.PreemptDelay = time.Duration(manner>>1&3) * 2 * time.Second
			in.Interval = []time.Duration{interval, interval, interval / 2, 2 * interval}[manner>>3&3]
			in.Manners.LowerPrioNoAdvert = manner&0x20 != 0
			in.Manners.HigherPrioAdvert = manner&0x40 != 0
			if manner&0x80 != 0 {
				in.Manners.DownAdverts, in.Manners.TimerExpiredBackup = 2, 254
			}
			d.config = append(d.config, in)
		}
		s.nodes = append(s.nodes, d)
		s.start(d)
	}
	return s, data
}

// play does what three bytes say: what, to whom and for how long. Faults may
// overlap: time goes on by as much as the last of them says.
func (s *simulation) play(what, whom, arg byte) error {
	d := s.nodes[int(whom)%len(s.nodes)]
	other := s.nodes[(d.number+1+int(whom>>2&1)%max(len(s.nodes)-1, 1))%len(s.nodes)]
	link := int(whom>>3&1) % len(s.trouble)
	lasts := time.Duration(arg&0x7f) * 100 * ms
	on := arg&1 == 0
	switch what & 0x0f {
	case 0: // One cannot hear another.
		p := path{other.number, d.number, link}
		s.fault(lasts, func() { s.lost[p]++ }, func() { s.lost[p]-- })
	case 1: // Neither hears the other.
		p, q := path{other.number, d.number, link}, path{d.number, other.number, link}
		s.fault(lasts, func() { s.lost[p]++; s.lost[q]++ }, func() { s.lost[p]--; s.lost[q]-- })
	case 2:
		s.fault(lasts, func() { s.storm = true }, func() { s.storm = false })
	case 3, 4, 5:
		d.deaf, d.late = what&0x10 != 0, what&0x20 != 0
		s.fault(lasts, func() { s.pause(d) }, func() { s.thaw(d) })
	case 6: // Power loss.
		if !d.dead {
			s.fault(lasts, func() { d.dead = true }, func() { s.start(d) })
		}
	case 7: // Cable.
		down := Link{Exists: true, Primary: address(d.number)}
		up := down
		up.Up, up.Silent = true, what&0x10 != 0
		s.fault(lasts, func() { s.tell(d, link, down) }, func() {
			s.tell(d, link, up)
			if up.Silent {
				up.Silent = false
				s.fault(2*interval, func() {}, func() { s.tell(d, link, up) })
			}
		})
	case 8:
		s.disturbed(0)
		s.tell(d, link, Priority{Source: "script chk", Delta: int(int8(arg))})
	case 9:
		s.disturbed(0)
		s.tell(d, link, Hold{"sync", on})
	case 10:
		s.disturbed(0)
		s.tell(d, link, Yield{"fuzz"})
	case 11:
		s.disturbed(0)
		s.tell(d, link, Takeover{"fuzz"})
	case 12: // A restart that takes leave of the others.
		if !d.dead && d.paused == 0 {
			s.disturbed(0)
			for i := range d.group.members {
				s.step(d, i, Stop{})
			}
			s.start(d)
		}
	case 13:
		s.disturbed(0)
		in := d.group.members[link].cfg
		in.Priority, in.NoPreempt = max(arg, 1), on
		s.tell(d, link, Configure{in})
	case 14:
		s.fault(lasts, func() { s.tell(d, link, Defect{Why: "disk", On: true}) }, func() { s.tell(d, link, Defect{Why: "disk"}) })
	case 15: // Nothing: it must become calm.
		return s.run(s.now + s.patience() + lasts)
	}
	if arg&0x80 != 0 {
		return s.run(s.now + lasts)
	}
	return s.run(s.now + lasts/8)
}

// tell hands an event to a director that can take it.
func (s *simulation) tell(d *director, member int, ev Event) {
	if !d.dead {
		s.step(d, member, ev)
	}
}

// simulate plays a whole input and then waits until all has become calm, which it
// must. It returns the events of all directors that this took.
func simulate(t *testing.T, data []byte) int {
	t.Helper()
	s, data := newSimulation(data)
	var err error
	for ; len(data) >= 3 && err == nil; data = data[3:] {
		err = s.play(data[0], data[1], data[2])
	}
	if err == nil {
		err = s.run(max(s.now, s.calmSince) + 2*s.patience())
	}
	if err == nil {
		// What is settled stays so: nobody changes its state without a cause.
		settled := s.now
		if err = s.run(s.now + 20*s.slowest()); err == nil && s.moved > settled {
			t.Errorf("a change of state at %s, although nothing has happened since %s", s.moved, s.calmSince)
		}
	}
	if err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Log(s.log.String())
	}
	return s.steps
}

// seeds are by what happens in them; those that failed once are for ever.
var seeds = map[string][]byte{
	"a split that heals":                {0, 150, 0, 100, 0, 1, 0, 0x50, 15, 0, 0},
	"three groups, a pause and a storm": {3, 150, 0, 90, 0, 100, 0, 140, 0, 120, 0, 120, 0, 3, 0, 0xd0, 2, 0, 0x90, 15, 0, 0},
	"a storm, power loss and restarts":  {0x20, 100, 0, 100, 0, 2, 0, 0xff, 6, 0, 0x90, 0x13, 1, 0xa0, 15, 0, 0, 12, 0, 0, 15, 0, 0},
	"owners, cables and orders":         {2, 255, 0, 255, 0, 255, 0, 100, 0, 7, 0, 0x90, 0x17, 9, 0x90, 15, 0, 0, 10, 0, 0, 11, 1, 0, 15, 0, 0},
	// Two backups took turns to follow the last advert of one another.
	"intervals of 0.5 and 2 s, messages of 100 ms": {
		0xa1, 0xff, 0xbc, 0x84, 0xd2, 0x93, 0xf5, 0xf5, 0xf0, 0x80, 0x43, 0x18, 0x59, 0xe, 0xa7, 0x8f, 0x2c, 0x1f, 0x5f, 0x7c,
		0x47, 0x38, 0x52, 0x27, 0x9d, 0x29, 0xe2, 0xb6, 0x38, 0x98, 0xe8, 0xad, 0x11, 0x51, 0x6a, 0xb0, 0x7e, 0x87, 0xcf,
	},
	// Each group yielded on one link and pulled the other, both again and again.
	"sync groups whose members compare differently": {
		0xeb, 0x7, 0x73, 0x27, 0xe0, 0x4e, 0xf2, 0xcd, 0x76, 0x4c, 0xb3, 0x73, 0x94, 0xf2, 0x89, 0x18, 0x71, 0xe9, 0x56, 0x1f,
		0x3f, 0xfd, 0x19, 0x5e, 0xc0, 0x68, 0xd9, 0xa3, 0x82, 0x77, 0x6e, 0x5a, 0x6d, 0x7d, 0x4, 0x8c, 0x65, 0x22, 0xa1, 0xc7,
		0xf0, 0x2f, 0x90, 0xd0, 0x6b, 0x79, 0x43, 0xb5, 0x8, 0x95, 0x70, 0xd2, 0xff, 0x32, 0xea, 0xe, 0x38, 0x43, 0xdb, 0x2,
		0xdf, 0x28, 0xc, 0x3c, 0x6a, 0x73, 0xbe, 0x3b, 0xf8, 0xc8, 0x5d, 0xec, 0x60, 0x9b, 0x30, 0xa3, 0x31, 0x86,
	},
	// To wait an interval longer made the timers of both equal.
	"sync groups whose members compare differently and have other intervals": {
		0x73, 0x2a, 0xe9, 0x86, 0xe8, 0xf1, 0xc3, 0x5d, 0x4, 0x9f, 0x76, 0x1e, 0xe0, 0x63, 0x6f,
	},
}

// FuzzLan: whatever the network and the hosts do, once they behave there is one
// master on each link: not two after three intervals, and not none after the
// down timers; and it stays.
func FuzzLan(f *testing.F) {
	for _, data := range seeds {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 300 {
			t.Skip("long enough")
		}
		simulate(t, data)
	})
}

var stepsWanted = flag.Int("simulate", 300_000, "how many events TestSimulation serves at least")

// TestSimulation plays random inputs: the fuzzer's are few where nobody fuzzes.
func TestSimulation(t *testing.T) {
	for name, data := range seeds {
		t.Run(name, func(t *testing.T) { simulate(t, data) })
	}
	r := rand.New(rand.NewPCG(1, 2))
	for steps, n := 0, 0; steps < *stepsWanted && !t.Failed(); n++ {
		data := make([]byte, 12+r.IntN(100))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		steps += simulate(t, data)
		if t.Failed() {
			t.Logf("input %d: %#v", n, data)
		}
	}
}
