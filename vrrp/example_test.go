package vrrp_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// A backup that hears nobody takes the addresses after three intervals and
// its skew, and says so first.
func ExampleMachine() {
	m := vrrp.NewMachine(vrrp.Instance{
		Name: "web", VRID: 51, Version: vrrp.V3, Priority: 100, Interval: time.Second, Interface: "eth0",
		Addresses: []vrrp.Address{{Prefix: netip.MustParsePrefix("192.0.2.10/24")}},
		Announce:  vrrp.DefaultAnnounce,
	})
	now := time.Now()
	m.Step(now, vrrp.Link{Exists: true, Up: true, Primary: netip.MustParseAddr("192.0.2.1")})
	m.Step(now, vrrp.Start{})
	fmt.Println(m.State(), "until", m.Deadline().Sub(now))

	for _, action := range m.Step(m.Deadline(), vrrp.Expired{}) {
		switch a := action.(type) {
		case vrrp.Send:
			fmt.Println("send priority", a.Priority)
		case vrrp.Addresses:
			fmt.Println("addresses present:", a.Present)
		case vrrp.Burst:
			fmt.Println("announce", a.Repeat, "times")
		case vrrp.Transition:
			fmt.Println(a.From, "to", a.To, "because", a.Reason)
		}
	}
	// Output:
	// BACKUP until 3.609375s
	// send priority 100
	// addresses present: true
	// announce 5 times
	// BACKUP to MASTER because no master heard
}
