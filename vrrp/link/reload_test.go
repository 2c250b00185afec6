package link

import (
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/vrrp"
)

// What a reload asks of a Host.

func TestWishesTogether(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true)
	wishFor(h, "VI_2", p.near, vips("10.1.0.98/24"), true)
	h.flush(t)
	changes := make(chan netlink.AddrUpdate, 16)
	done := make(chan struct{})
	defer close(done)
	must(t, netlink.AddrSubscribe(changes, done))

	h.Together(func() {
		wishFor(h, "VI_1", p.near, vips("10.1.0.98/24"), true)
		for range 2 { // a pass begins, and another after it has ended
			h.poke.set()
			eventually(t, "a pass", func() bool { return len(h.poke) == 0 })
		}
		wishFor(h, "VI_2", p.near, vips("10.1.0.99/24"), true)
	})
	h.flush(t)
	addAddress(t, p.near, "10.1.0.97/24")
	// Nothing happened before that.
	u := within(t, changes, "an address event", func(netlink.AddrUpdate) bool { return true })
	if got := u.LinkAddress.IP.String(); got != "10.1.0.97" {
		t.Errorf("%s was touched", got)
	}
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24", "10.1.0.98/24", "10.1.0.97/24")
}

// A reload may give an instance another name, without announcing anything.
func TestRenamedInstanceGoesOnAnnouncing(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	frames := p.listen(t, typeARP)
	announced := func(times int) {
		t.Helper()
		for range times {
			within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
		}
	}
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true)
	h.Announce("VI_1", 2)
	announced(2)
	h.Together(func() {
		wishFor(h, "web", p.near, vips("10.1.0.99/24"), true)
		h.Forget("VI_1")
	})
	h.flush(t)
	if len(frames) > 0 {
		t.Error("the new name is announced")
	}
	delAddress(t, p.near, "10.1.0.99/24")
	announced(2)
}

// A leftover may be on an interface that no wish names.
func TestLeftoversAreNamedByTheirInterface(t *testing.T) {
	p := newPair(t, "", "")
	k := &keeper{}
	if got := k.name(mustLink(t, p.near).Attrs().Index); got != p.near {
		t.Errorf("got %q, want %q", got, p.near)
	}
	if got := k.name(9999); got != "interface 9999" {
		t.Errorf("got %q", got)
	}
}

func TestProblemsEndOnlyOfWhatIsWanted(t *testing.T) {
	for _, present := range []bool{true, false} {
		var log strings.Builder
		k := &keeper{log: logTo(&log), wishes: []*wish{{Wish: vrrp.Wish{Present: present}}}}
		if k.tell(errNoLink) == nil || k.tell() != nil {
			t.Error("not what it was told")
		}
		if said := strings.Contains(log.String(), "as they shall be again"); said != present {
			t.Errorf("wanted %v, said %v", present, said)
		}
	}
}
