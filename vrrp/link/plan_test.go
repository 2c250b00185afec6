package link

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

// ask plans announcements of the last bytes of addresses on an interface.
func ask(p *plan, index int, dev, base string, times int, gateway bool, hosts ...string) {
	for _, h := range hosts {
		cidr := "10.0.0." + h + "/24"
		if strings.Contains(h, ":") {
			cidr = "2001:db8:" + h + "/64"
		}
		j := &job{
			place: place{index: index, prefix: netip.MustParsePrefix(cidr)}, dev: device{name: dev, index: index, up: true, mac: net.HardwareAddr{2, 0, 0, 0, 0, 1}},
			base: base, left: times, frame: []byte("to all " + h),
		}
		if gateway {
			j.private = []byte("to gateway " + h)
		}
		p.add(j)
	}
}

// play sends all that is due until a time, and returns what left when.
func play(p *plan, until time.Duration) (sent []string) {
	began := time.Unix(1000, 0)
	for now := began; !now.After(began.Add(until)); {
		next := time.Time{}
		for _, s := range slices.Clone(p.order) {
			for {
				j, frame, at := p.next(s, now)
				if j == nil {
					next = sooner(next, at)
					break
				}
				sent = append(sent, fmt.Sprintf("%d %s %s", now.Sub(began).Milliseconds(), j.dev.name, frame))
				p.sent(s, now)
			}
		}
		if next.IsZero() {
			break
		}
		now = next
	}
	return sent
}

func TestPlan(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name   string
		pacing vrrp.Pacing
		ask    func(p *plan)
		until  time.Duration
		want   []string
	}{
		{"K-23 in rounds, in order", vrrp.Pacing{}, func(p *plan) { ask(p, 1, "eth0", "eth0", 2, false, "9", "8") }, 0,
			[]string{"0 eth0 to all 9", "0 eth0 to all 8", "0 eth0 to all 9", "0 eth0 to all 8"}},
		{"the gateway hears of all before anybody else", vrrp.Pacing{}, func(p *plan) { ask(p, 1, "eth0", "eth0", 1, true, "9", "8") }, 0,
			[]string{"0 eth0 to gateway 9", "0 eth0 to gateway 8", "0 eth0 to all 9", "0 eth0 to all 8"}},
		{"what is new comes before what is repeated", vrrp.Pacing{GARP: 100 * ms}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9")
			play(p, 50*ms)
			ask(p, 1, "eth0", "eth0", 1, false, "8")
		}, 300 * ms, []string{"100 eth0 to all 8", "200 eth0 to all 9"}},
		{"K-26 a gap on each interface", vrrp.Pacing{GARP: 100 * ms}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, true, "9", "8")
			ask(p, 2, "eth1", "eth1", 1, false, "7")
		}, time.Second, []string{
			"0 eth0 to all 9", "0 eth1 to all 7", "100 eth0 to all 8", "200 eth0 to all 9", "300 eth0 to all 8"}},
		{"K-26 gratuitous ARP and neighbour advertisements have gaps of their own", vrrp.Pacing{GNA: 50 * ms}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9", ":9")
		}, time.Second, []string{"0 eth0 to all 9", "0 eth0 to all 9", "0 eth0 to all :9", "50 eth0 to all :9"}},
		{"K-26 a group shares its gap", vrrp.Pacing{Groups: []vrrp.PaceGroup{{Interfaces: []string{"eth0", "eth1"}, GARP: 100 * ms}}}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 1, false, "9")
			ask(p, 2, "eth1", "eth1", 1, false, "8")
			ask(p, 3, "eth2", "eth2", 2, false, "7")
		}, time.Second, []string{"0 eth0 to all 9", "0 eth2 to all 7", "0 eth2 to all 7", "100 eth1 to all 8"}},
		{"K-26 in a group nothing is repeated while another interface has news", vrrp.Pacing{Groups: []vrrp.PaceGroup{{Interfaces: []string{"eth0", "eth1"}, GARP: 100 * ms}}}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9")
			ask(p, 2, "eth1", "eth1", 2, false, "8", "7")
		}, time.Second, []string{
			"0 eth0 to all 9", "100 eth1 to all 8", "200 eth1 to all 7", "300 eth0 to all 9", "400 eth1 to all 8", "500 eth1 to all 7"}},
		{"K-26 in a group the interfaces take turns", vrrp.Pacing{Groups: []vrrp.PaceGroup{{Interfaces: []string{"eth0", "eth1"}, GARP: 100 * ms}}}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 3, false, "9")
			ask(p, 2, "eth1", "eth1", 3, false, "8")
		}, time.Second, []string{
			"0 eth0 to all 9", "100 eth1 to all 8", "200 eth0 to all 9", "300 eth1 to all 8", "400 eth0 to all 9", "500 eth1 to all 8"}},
		{"K-26 what is on top of an interface shares its wire", vrrp.Pacing{GARP: 100 * ms}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 1, false, "9")
			ask(p, 4, "vrrp.51", "eth0", 1, false, "8")
		}, time.Second, []string{"0 eth0 to all 9", "100 vrrp.51 to all 8"}},
		{"K-26 a burst that waits keeps its count when the next comes", vrrp.Pacing{GARP: 100 * ms}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9")
			play(p, 0)
			ask(p, 1, "eth0", "eth0", 2, false, "9")
		}, time.Second, []string{"100 eth0 to all 9", "200 eth0 to all 9", "300 eth0 to all 9"}},
		{"but no more than two bursts wait", vrrp.Pacing{GARP: 100 * ms}, func(p *plan) {
			for range 10 {
				ask(p, 1, "eth0", "eth0", 2, false, "9")
			}
		}, time.Second, []string{"0 eth0 to all 9", "100 eth0 to all 9", "200 eth0 to all 9", "300 eth0 to all 9"}},
		{"called off", vrrp.Pacing{}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, true, "9", "8")
			p.only(func(at place) bool { return at.prefix.Addr() != ip("10.0.0.9") })
		}, 0, []string{"0 eth0 to gateway 8", "0 eth0 to all 8", "0 eth0 to all 8"}},
		{"called off and asked for again", vrrp.Pacing{}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9")
			p.only(func(place) bool { return false })
			ask(p, 1, "eth0", "eth0", 1, false, "9")
		}, 0, []string{"0 eth0 to all 9"}},
		{"an interface that is gone", vrrp.Pacing{}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 2, false, "9")
			ask(p, 2, "eth1", "eth1", 1, false, "8")
			p.drop(1)
		}, 0, []string{"0 eth1 to all 8"}},
		{"an interface that refuses holds up no other", vrrp.Pacing{}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 1, false, "9")
			ask(p, 2, "eth1", "eth1", 1, false, "8")
			p.refused(side{1, false}, time.Unix(1001, 0))
		}, time.Second, []string{"0 eth1 to all 8", "1000 eth0 to all 9"}},
		{"an interface that comes back is tried at once", vrrp.Pacing{}, func(p *plan) {
			ask(p, 1, "eth0", "eth0", 1, false, "9")
			p.refused(side{1, false}, time.Unix(1001, 0))
			p.resume(1)
		}, 0, []string{"0 eth0 to all 9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan()
			p.setPacing(tt.pacing)
			tt.ask(p)
			if diff := cmp.Diff(tt.want, play(p, tt.until)); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// All interfaces get their turn, and all addresses are announced as often as
// asked for, in whatever order that happens.
func TestPlanKeepsEveryCount(t *testing.T) {
	p := newPlan()
	p.setPacing(vrrp.Pacing{GARP: time.Millisecond})
	want := make(map[string]int)
	for i := range 50 {
		dev, times := fmt.Sprintf("eth%d", i%7), 1+i%5
		ask(p, i%7, dev, dev, times, i%2 == 0, fmt.Sprint(i))
		want[fmt.Sprintf("%s to all %d", dev, i)] = times
	}
	got := make(map[string]int)
	for _, line := range play(p, time.Minute) {
		_, what, _ := strings.Cut(line, " ")
		got[what]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if len(p.jobs) > 0 || slices.ContainsFunc(p.order, func(s side) bool { return p.lines[s].head() != nil }) {
		t.Error("something is left")
	}
}
