package link

import (
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

// A tandem and a keepalived share a virtual MAC: each hears the other although
// its frames have the MAC of the own interface, and who is master speaks with it.
func TestKeepalivedWithVMAC(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	// A socket of one protocol would not see what the far macvlan takes.
	seen := p.follow(t)
	p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	virtual_router_id 51
	priority 100
	advert_int 0.2
	version 3
	use_vmac
	virtual_ipaddress {
		10.1.0.99/24
	}
}`)
	advert := func(priority uint8) func([]byte) bool {
		return func(f []byte) bool {
			if !isAdvert(f) {
				return false
			}
			got, ok := parseIPv4(f[14:])
			return ok && got.Src == ip("10.1.0.1") && got.Payload[2] == priority
		}
	}
	in := vrrp.Instance{
		Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 150, Interval: 2e8, Interface: p.near,
		Addresses: vips("10.1.0.99/24"), Announce: vrrp.DefaultAnnounce,
		Own: &vrrp.Subinterface{Name: "vrrp.51", MAC: vmac51},
	}
	for _, round := range []string{"P-19 K-40 tandem takes over from keepalived", "K-40 S-18 and once more after its stop"} {
		t.Run(round, func(t *testing.T) {
			p.over(t, func() {
				waitKernel(t, "keepalived to be master", func() bool { return exists("vrrp.51") && len(on(t, "vrrp.51")) == 1 })
			})
			ours := newPeer(t, in)
			won := within(t, ours.moves, "our takeover", func(m vrrp.Transition) bool { return m.To == vrrp.Master })
			if won.Reason != vrrp.Preempted || won.Peer != ip("10.1.0.2") {
				t.Errorf("took over for another reason: %+v", won)
			}
			eventually(t, "an advert with the virtual MAC", func() bool { return seen.from(vmac51[:], advert(150)) > 0 })
			p.over(t, func() {
				waitKernel(t, "keepalived to yield", func() bool { return len(on(t, "vrrp.51")) == 0 })
			})
			seen.clear()
			eventually(t, "an answer for the address", func() bool {
				p.ask(t, "10.1.0.2", "10.1.0.99") // The address comes behind the advert.
				return seen.from(vmac51[:], isReply("10.1.0.99")) > 0
			})
			ours.stop(t)
			eventually(t, "its goodbye with the virtual MAC", func() bool { return seen.from(vmac51[:], advert(0)) > 0 })
		})
	}
}

// At the stop the interface goes, too.
func TestVMACGoesAtTheStop(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h, n := NewHost(testLog(t)), startNetwork(t)
	start(t, h.Run)
	r := vrrp.NewRouter(vrrp.Config{Instances: []vrrp.Instance{{
		Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 255, Interval: 2e8, Interface: p.near,
		Addresses: vips("10.1.0.1/24"), Announce: vrrp.DefaultAnnounce,
		Own: &vrrp.Subinterface{Name: "vrrp.51", MAC: vmac51},
	}}}, n, h, testLog(t))
	start(t, r.Run)
	r.SetLink(vrrp.LinkState{Name: p.near, Exists: true, Up: true, Primary: ip("10.1.0.1")})
	eventually(t, "the interface", func() bool { return exists("vrrp.51") })
	must(t, r.Stop(t.Context()))
	h.flush(t)
	if exists("vrrp.51") {
		t.Error("it is left")
	}
}
