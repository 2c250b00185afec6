package link

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// TestKeepalivedAsPeer runs a pair of a tandem and a keepalived, each of which
// must believe the other, whatever proof they ask for.
func TestKeepalivedAsPeer(t *testing.T) {
	password := vrrp.Password{'t', 'a', 'n', 'd', 'e', 'm', '0', '1'}
	authentication := func(kind string) string {
		return "version 2\nadvert_int 1\nauthentication {\n auth_type " + kind + "\n auth_pass tandem01\n}\n"
	}
	const unicast = "unicast_src_ip THEIRS\nunicast_peer {\n OURS\n}\n"
	const v3 = "version 3\nadvert_int 0.2\n"
	tests := []struct {
		name    string
		unicast bool
		change  func(*vrrp.Instance)
		theirs  string
		sum     advert.Sum
	}{
		{name: "K-07 AUTH_PASS", change: func(in *vrrp.Instance) { in.Version, in.Auth = vrrp.V2, password }, theirs: authentication("PASS")},
		{name: "K-08 K-09 AH", change: func(in *vrrp.Instance) { in.Version, in.Auth, in.AuthHeader = vrrp.V2, password, true }, theirs: authentication("AH")},
		{name: "K-08 K-09 AH unicast", unicast: true, change: func(in *vrrp.Instance) { in.Version, in.Auth, in.AuthHeader = vrrp.V2, password, true }, theirs: authentication("AH") + unicast},
		{name: "C-03 K-02 version 3", theirs: v3},
		{name: "K-04 version 3 unicast", unicast: true, theirs: v3 + unicast},
		{name: "K-05 version 3 unicast with the old checksum", unicast: true, theirs: v3 + unicast + "old_unicast_checksum\n"},
		{name: "K-05 version 3 unicast, never the old checksum", unicast: true, theirs: v3 + unicast + "old_unicast_checksum never\n"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			net := fmt.Sprintf("10.%d.0.", 100+i)
			p := newPair(t, net+"1/24", net+"2/24")
			in := vrrp.Instance{
				Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 150, Interval: 2e8, Interface: p.near,
				Addresses: vips(net + "99/24"), Announce: vrrp.DefaultAnnounce,
			}
			if tt.change != nil {
				tt.change(&in)
			}
			if in.Version == vrrp.V2 {
				in.Interval = 1e9
			}
			if tt.unicast {
				in.Peers = []netip.Addr{ip(net + "2")}
			}
			theirs := strings.NewReplacer("THEIRS", net+"2", "OURS", net+"1").Replace(tt.theirs)
			stopTheirs := p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	virtual_router_id 51
	priority 100
	garp_master_delay 0
	`+theirs+`
	virtual_ipaddress {
		`+net+`99/24
	}
}`)
			theyHaveIt := func() (has bool) {
				p.over(t, func() { has = slices.Contains(on(t, p.far), net+"99/24") })
				return has
			}
			eventually(t, "keepalived to be master", theyHaveIt)

			// We hear it, and do not merely hear nobody; it hears us.
			ours := newPeer(t, in)
			won := within(t, ours.moves, "our takeover", func(m vrrp.Transition) bool { return m.To == vrrp.Master })
			if won.Reason != vrrp.Preempted || won.Peer != ip(net+"2") || won.PeerPriority != 100 {
				t.Errorf("took over for another reason: %+v", won)
			}
			eventually(t, "keepalived to yield", func() bool { return !theyHaveIt() })
			marks := ours.stop(t)

			// It takes over from a tandem that stops, which comes back as one that
			// would rather not, hears it, and gets its goodbye.
			eventually(t, "keepalived to take over", theyHaveIt)
			in.Priority = 50
			ours = newPeer(t, in, marks...)
			eventually(t, "us to hear it", func() bool {
				s := ours.router.Snapshot()
				return len(s) > 0 && s[0].Counters.Received > 0
			})
			stopTheirs()
			within(t, ours.moves, "our takeover", func(m vrrp.Transition) bool {
				return m.To == vrrp.Master && m.Reason == vrrp.MasterStopped
			})
			if s := ours.router.Snapshot()[0]; len(s.Counters.Drops) > 0 {
				t.Errorf("dropped %v", s.Counters.Drops)
			}
		})
	}
}

// TestFRRAsPeer: a tandem and FRR's vrrpd take over from each other, by higher
// priority and when the other stops.
func TestFRRAsPeer(t *testing.T) {
	if _, err := os.Stat(frr + "vrrpd"); err != nil {
		t.Skip("FRR is not installed")
	}
	t.Run("F-02 F-04", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		theirs := func(f []byte) bool { return isAdvert(f) && bytes.Equal(f[6:12], vmac51[:]) && f[36] == 200 }
		stopTheirs := p.startFRR(t)
		within(t, p.listenNear(t, typeIPv4), "an advert of FRR", theirs)

		in := vrrp.Instance{
			Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 254, Interval: 1e8, Interface: p.near,
			Addresses: vips("10.1.0.99/24"), Announce: vrrp.DefaultAnnounce,
		}
		ours := newPeer(t, in)
		within(t, ours.moves, "our takeover", func(m vrrp.Transition) bool { return m.To == vrrp.Master && m.Reason == vrrp.Preempted })
		ours.stop(t)
		within(t, p.listenNear(t, typeIPv4), "FRR to take over", theirs)

		in.Priority = 100
		ours = newPeer(t, in)
		eventually(t, "us to hear it", func() bool {
			s := ours.router.Snapshot()
			return len(s) > 0 && s[0].Counters.Received > 0
		})
		stopTheirs()
		within(t, ours.moves, "our takeover", func(m vrrp.Transition) bool { return m.To == vrrp.Master && m.Reason == vrrp.MasterStopped })
		if s := ours.router.Snapshot()[0]; len(s.Counters.Drops) > 0 {
			t.Errorf("dropped %v", s.Counters.Drops)
		}
	})
}

// peer is a whole tandem director, as far as VRRP goes.
type peer struct {
	router *vrrp.Router
	moves  chan vrrp.Transition
	stops  []func()
}

// newPeer starts one that goes on from these marks.
func newPeer(t *testing.T, in vrrp.Instance, marks ...vrrp.Mark) *peer {
	t.Helper()
	n, h := NewNetwork(testLog(t)), NewHost(testLog(t))
	p := &peer{router: vrrp.NewRouter(vrrp.Config{Instances: []vrrp.Instance{in}}, n, h, testLog(t)), moves: make(chan vrrp.Transition, 100)}
	p.router.Restore(marks)
	p.router.OnTransition = func(m vrrp.Transition) { p.moves <- m }
	w := NewWatcher(testLog(t), p.router.SetLink)
	var virtual []netip.Addr
	for _, a := range in.Addresses {
		virtual = append(virtual, a.Prefix.Addr())
	}
	w.Watch(Interests{Links: []Interest{{Name: in.Interface}}, Virtual: virtual})
	for _, run := range []func(context.Context) error{h.Run, w.Run, n.Run, p.router.Run} {
		p.stops = append(p.stops, start(t, run))
	}
	return p
}

// stop stops it, which says priority 0, and returns its marks.
func (p *peer) stop(t *testing.T) []vrrp.Mark {
	t.Helper()
	must(t, p.router.Stop(t.Context()))
	for _, stop := range slices.Backward(p.stops) {
		stop()
	}
	return p.router.Marks()
}
