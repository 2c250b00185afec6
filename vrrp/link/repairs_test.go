package link

import (
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestFight(t *testing.T) {
	start := time.Unix(1000, 0)
	var f fight
	steps := []struct {
		name  string
		at    time.Duration
		times int // 0: no fight
	}{
		{"once", 0, 0},
		{"again", time.Second, 0},
		{"a third time, too late", 61 * time.Second, 0},
		{"a third time in a minute", 90 * time.Second, 0},
		{"and once more", 100 * time.Second, 3},
		{"said is said", 101 * time.Second, 0},
		{"said is said", 102 * time.Second, 0},
		{"said is said", 103 * time.Second, 0},
		{"after a minute it is said again", 161 * time.Second, 4},
		{"another time", time.Hour, 0},
	}
	for _, s := range steps {
		times, within, is := f.again(start.Add(s.at))
		if is != (s.times > 0) || times != s.times || within > fightWithin {
			t.Errorf("%s: %d times in %s, want %d", s.name, times, within, s.times)
		}
	}
}

// syncBuilder is a log that is read while it is written.
type syncBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Somebody's ip(8) removes an address three times.
func TestFightIsToldWithWhoDidIt(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	command, err := exec.LookPath("ip")
	if err != nil {
		t.Skip("ip is not installed")
	}
	var log syncBuilder
	h := NewHost(logTo(&log))
	fights := make(chan Fight, 10)
	h.OnFight = func(f Fight) { fights <- f }
	start(t, h.Run)
	lend(h, "VI_1", p.near, 30*time.Second, "10.1.0.99/24", "10.1.0.98/24")
	h.flush(t)
	frames := p.listen(t, typeARP)
	h.Announce("VI_1", 2)
	for range 4 {
		within(t, frames, "the first burst", func(f []byte) bool { return isGARP(f, "10.1.0.99") || isGARP(f, "10.1.0.98") })
	}
	for n := range 3 {
		if out, err := exec.Command(command, "address", "del", "10.1.0.99/24", "dev", p.near).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		waitKernel(t, "the address", func() bool { return slices.Contains(on(t, p.near), "10.1.0.99/24") })
		for range 2 {
			within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
		}
		eventually(t, "the count", func() bool { return h.Repairs("VI_1").Count == n+1 })
	}
	f := within(t, fights, "the fight", func(Fight) bool { return true })
	// It may have ended before anybody could look at its name.
	known := func(by string) bool {
		return strings.HasPrefix(by, "ip (process ") || strings.HasPrefix(by, "netlink port ")
	}
	if f.Instance != "VI_1" || f.Address.String() != "10.1.0.99/24" || f.Interface != p.near || f.Times != 3 || !known(f.By) {
		t.Errorf("fight: %+v", f)
	}
	if r := h.Repairs("VI_1"); r.Fights != 1 || r.Address != f.Address || r.Interface != p.near || !known(r.By) || time.Since(r.Last) > time.Minute {
		t.Errorf("repairs: %+v", r)
	}
	if r := h.Repairs("VI_2"); r != (Repairs{}) {
		t.Errorf("repairs of nobody: %+v", r)
	}
	if text := log.String(); strings.Count(text, "again and again") != 1 || strings.Count(text, "are put back") != 2 {
		t.Errorf("log:\n%s", text)
	}
	if out, err := exec.Command(command, "address", "del", "10.1.0.98/24", "dev", p.near).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "the count with another address", func() bool { return h.Repairs("VI_1").Count == 4 })
	if o := h.Repairs("VI_1").Fought; o.Address != f.Address || o.Interface != p.near || o.Count != 3 || !known(o.By) {
		t.Errorf("fought over: %+v", o)
	}
}

// All that a command removes at once is one line for each instance.
func TestManyRemovedAtOnce(t *testing.T) {
	p := newPair(t, "", "")
	var log syncBuilder
	h := NewHost(logTo(&log))
	start(t, h.Run)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/32", "10.1.0.98/32", "2001:db8::99/128"), true)
	h.flush(t)
	list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_ALL)
	must(t, err)
	for _, a := range list {
		if a.IP.IsLinkLocalUnicast() {
			continue
		}
		must(t, netlink.AddrDel(mustLink(t, p.near), &a))
	}
	// One may count twice where a pass came between what the kernel did and what
	// it told of that.
	eventually(t, "the repair", func() bool {
		return h.Repairs("VI_1").Count >= 3 && len(h.Present("VI_1")) == 3
	})
	h.flush(t)
	wantPresent(t, h, "VI_1", "10.1.0.99", "10.1.0.98", "2001:db8::99")
	if n := strings.Count(log.String(), "are put back"); n > h.Repairs("VI_1").Count {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// What goes with its interface is nobody's doing.
func TestInterfaceDownIsNoRepair(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	lend(h, "VI_1", p.near, 30*time.Second, "10.1.0.99/24", "2001:db8::99/64")
	h.flush(t)
	setUp(t, p.near, false)
	h.flush(t)
	setUp(t, p.near, true)
	waitKernel(t, "the addresses", func() bool {
		return validity(t, p.near, "10.1.0.99/24") > 0 && validity(t, p.near, "2001:db8::99/64") > 0
	})
	h.flush(t)
	if r := h.Repairs("VI_1"); r.Count != 0 {
		t.Errorf("repairs: %+v", r)
	}
}
