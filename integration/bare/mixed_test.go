package bare

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// dialect is a way to speak VRRP. Each is an instance of its own on the same
// pair, with the VRID as the last byte of its address too.
type dialect struct {
	name    string
	vrid    byte
	version int
	unicast bool
}

var dialects = []dialect{
	{"v2-multicast", 121, 2, false},
	{"v2-unicast", 122, 2, true},
	{"v3-multicast", 131, 3, false},
	{"v3-unicast", 132, 3, true},
}

func (d dialect) vip() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, d.vrid}) }

// config is a vrrp_instance of a director. Version 2 has a password; its
// interval is of whole seconds.
func (d dialect) config(p lab.Plan, at lab.Director) string {
	var b strings.Builder
	fmt.Fprintf(&b, "vrrp_instance %s {\nstate BACKUP\ninterface outside\nvirtual_router_id %d\nversion %d\n", d.name, d.vrid, d.version)
	fmt.Fprintf(&b, "priority %d\n", map[lab.Director]int{lab.A: 150, lab.B: 100}[at])
	if d.version == 2 {
		fmt.Fprintf(&b, "advert_int 1\nauthentication {\nauth_type PASS\nauth_pass secret\n}\n")
	} else {
		fmt.Fprintf(&b, "advert_int 0.5\n")
	}
	if d.unicast {
		fmt.Fprintf(&b, "unicast_src_ip %s\nunicast_peer {\n%s\n}\n", p.Legs(at).Outside.Addr, p.Legs(at.Other()).Outside.Addr)
	}
	fmt.Fprintf(&b, "virtual_ipaddress {\n%s/32\n}\n}\n", d.vip())
	return b.String()
}

// tandem and Debian's keepalived understand each other in every dialect, in
// either role: one master, a failover when it stops, a failback when it
// returns, and no move of an address beyond these.
func TestMixedPairWithKeepalived(t *testing.T) {
	t.Parallel()
	needKeepalived(t)
	for _, tt := range []struct {
		name string
		a, b string // Command templates.
		own  lab.Director
	}{
		{"tandem preferred", rig.Tandem(), rig.KeepalivedVRRP, lab.A},
		{"keepalived preferred", rig.KeepalivedVRRP, rig.Tandem(), lab.B},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // They wait most of the time.
			p := rig.New(t, lab.Options{})
			moves := watchMoves(t, p)
			start := func(d lab.Director, command string) {
				t.Helper()
				var text strings.Builder
				for _, dialect := range dialects {
					text.WriteString(dialect.config(p.Plan(), d))
				}
				p.StartAs(t, d, command, text.String())
			}
			owners := func(want string) {
				t.Helper()
				for _, dialect := range dialects {
					p.WaitOwner(t, dialect.vip(), want)
				}
			}

			start(lab.A, tt.a)
			owners("a")
			start(lab.B, tt.b)
			talkUntilHeard(t, p, tt.own)
			owners("a")
			p.Stop(t, lab.A)
			owners("b")
			start(lab.A, tt.a)
			owners("a")
			talkUntilHeard(t, p, tt.own)

			for _, dialect := range dialects {
				got := moves.of(dialect.vip().String())
				// A and B act at the same time: their order is not the test's.
				if diff := cmp.Diff(map[string]string{"a": "+-+", "b": "+-"}, got); diff != "" {
					t.Errorf("%s: moves of the address (-want +got):\n%s", dialect.name, diff)
				}
			}
			for _, i := range p.Status(t, tt.own).Instances {
				if len(i.Drops) > 0 {
					t.Errorf("%s: tandem dropped adverts of keepalived: %v", i.Name, i.Drops)
				}
			}
		})
	}
}

// talkUntilHeard waits until tandem has sent or heard three more adverts in
// every dialect: time enough for a pair that flaps to do so.
func talkUntilHeard(t *testing.T, p *rig.Pair, own lab.Director) {
	t.Helper()
	adverts := func() (counts []int) {
		for _, i := range p.Status(t, own).Instances {
			counts = append(counts, i.Sent+i.Received)
		}
		return counts
	}
	before := adverts()
	rig.Until(t, "three more adverts of every instance", func() error {
		after := adverts()
		for i := range before {
			if after[i] < before[i]+3 {
				return fmt.Errorf("at first %v, now %v", before, after)
			}
		}
		return nil
	})
}

// moves is every appearance and disappearance of an address at the directors,
// as their kernels tell.
type moves struct {
	mu   sync.Mutex
	list []move // Guarded by mu.
}

type move struct {
	at   lab.Director
	addr netip.Addr
	come bool
}

func watchMoves(t *testing.T, p *rig.Pair) *moves {
	t.Helper()
	m := &moves{}
	for _, d := range []lab.Director{lab.A, lab.B} {
		updates, done := make(chan netlink.AddrUpdate, 100), make(chan struct{})
		if err := p.Director(d).Do(func() error { return netlink.AddrSubscribe(updates, done) }); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { close(done) })
		go func() {
			for u := range updates {
				a, _ := netip.AddrFromSlice(u.LinkAddress.IP)
				m.add(move{d, a.Unmap(), u.NewAddr})
			}
		}()
	}
	return m
}

func (m *moves) add(one move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, one)
}

// of returns an address's moves by director, "+" for each appearance and "-"
// for each disappearance. The kernel may tell one twice.
func (m *moves) of(address string) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]string{}
	for _, one := range m.list {
		sign := map[bool]string{true: "+", false: "-"}[one.come]
		if name := one.at.String(); one.addr.String() == address && !strings.HasSuffix(all[name], sign) {
			all[name] += sign
		}
	}
	return all
}
