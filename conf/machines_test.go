package conf

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// lan is two machines of one virtual router that hear each other, in a time of
// its own.
type lan struct {
	now      time.Time
	machines [2]*vrrp.Machine
	configs  [2]vrrp.Instance
	wire     []flight
}

// flight is an advert on its way to a machine.
type flight struct {
	to       int
	at       time.Time
	priority uint8
}

const wireDelay = time.Millisecond

// step hands an event to a machine, and puts on the wire what it sends.
func (l *lan) step(side int, ev vrrp.Event) {
	for _, a := range l.machines[side].Step(l.now, ev) {
		if send, ok := a.(vrrp.Send); ok {
			l.wire = append(l.wire, flight{1 - side, l.now.Add(wireDelay), send.Priority})
		}
	}
}

// run lets time pass.
func (l *lan) run(d time.Duration) {
	end := l.now.Add(d)
	for {
		next, who := end, -1
		for side, m := range l.machines {
			if due := m.Deadline(); !due.IsZero() && due.Before(next) {
				next, who = due, side
			}
		}
		if len(l.wire) > 0 && !l.wire[0].at.After(next) {
			f := l.wire[0]
			l.wire = l.wire[1:]
			from := l.configs[1-f.to]
			l.now = f.at
			l.step(f.to, vrrp.Received{From: from.Source, At: l.now, Advert: advert.Advert{
				Version: uint8(from.Version), VRID: from.VRID, Priority: f.priority, Interval: from.Interval,
			}})
			continue
		}
		if who < 0 {
			l.now = end
			return
		}
		if next.After(l.now) {
			l.now = next
		}
		l.step(who, vrrp.Expired{})
	}
}

// master is who is master, as an Outcome calls it.
func (l *lan) master() Director {
	switch a, b := l.machines[0].State() == vrrp.Master, l.machines[1].State() == vrrp.Master; {
	case a && b:
		return Either
	case a:
		return This
	case b:
		return Other
	}
	return Nobody
}

// track tells a machine what its tracked interfaces are like while one is down.
func (l *lan) track(side int, down string) {
	for _, t := range l.configs[side].Track {
		line := tracking{keyword: "track_interface", name: t.Name, weight: t.Weight, reverse: t.Reverse}
		delta, fault := line.effect(t.Name == down)
		l.step(side, vrrp.Priority{Source: t.Name, Delta: delta})
		l.step(side, vrrp.Defect{Why: t.Name, On: fault})
	}
}

// TestSimulateAgreesWithMachines lets the machines that run elect, for pairs of
// instances made at random: what Simulate says of each failure, and of the time
// after it, is what they do.
func TestSimulateAgreesWithMachines(t *testing.T) {
	const settle = 30 * time.Second
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		source := []string{"mcast_src_ip 192.0.2.101\n", "mcast_src_ip 192.0.2.102\n"}
		r.Shuffle(2, func(i, j int) { source[i], source[j] = source[j], source[i] })
		texts := [2]string{director("", source[0]+randomInstance(r)), director("", source[1]+randomInstance(r))}
		files := [2]*File{readText(t, texts[0]), readText(t, texts[1])}
		for _, o := range Simulate(files[0], files[1]) {
			if o.Failure == "interface eth0 is down" {
				continue // That is the link itself.
			}
			l := &lan{now: time.Unix(0, 0)}
			for side, f := range files {
				l.configs[side] = f.Config().VRRP.Instances[0]
				l.machines[side] = vrrp.NewMachine(l.configs[side])
				l.step(side, vrrp.Link{Exists: true, Up: true, Primary: netip.MustParseAddr("192.0.2.1")})
				l.track(side, "")
			}
			l.step(0, vrrp.Start{})
			l.step(1, vrrp.Start{})
			l.run(settle)
			got, then := l.master(), Nobody
			if o.Failure != "" {
				side := map[Director]int{This: 0, Other: 1}[o.At]
				l.track(side, o.Failure[len("interface "):len("interface eth1")])
				l.run(settle)
				got = l.master()
				l.track(side, "")
				l.run(settle)
				then = l.master()
			}
			if got != o.Master || then != o.Returned {
				t.Fatalf("seed %d: the machines say %s, and later %s; the simulation %s, and later %s\n%s\n%s\n%s",
					seed, got, then, o.Master, o.Returned, o, texts[0], texts[1])
			}
		}
	}
}
