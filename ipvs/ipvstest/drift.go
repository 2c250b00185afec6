package ipvstest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// Drift is one field that somebody else changes.
type Drift struct {
	Name   string
	Change ipvs.Op
	// Replaces says that the kernel cannot take the change back in place.
	Replaces bool
}

// Wanted is the table that Drifts change: a service and a server with every
// field set to something, beside others that nobody touches.
func Wanted() ipvs.Table {
	t := FullTable(3, 2)
	t[driftKey] = ipvs.Entry{Service: driftService, Destinations: map[ipvs.Server]ipvs.Destination{
		Real: driftServer, Real2: {Weight: 1, Forwarding: ipvs.Local},
	}}
	return t
}

var (
	driftKey     = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.60:5060"), Protocol: ipvs.UDP, Family: ipvs.IPv4}
	driftService = ipvs.Service{Scheduler: "mh", Flags: ipvs.Persistent | ipvs.Sched1, Timeout: time.Minute, Granularity: 24, PE: "sip"}
	driftServer  = ipvs.Destination{Weight: 3, Forwarding: ipvs.Tunnel, Upper: 10, Lower: 5,
		Tunnel: ipvs.TunnelOptions{Type: ipvs.GUE, Port: 6080, Flags: ipvs.TunnelCsum}}
)

// Drifts are a change for every field of a service and of a server, and each
// entry added or removed.
func Drifts() []Drift {
	var all []Drift
	for _, c := range []struct {
		name   string
		change func(*ipvs.Service)
	}{
		{"scheduler", func(s *ipvs.Service) { s.Scheduler = "sh" }},
		{"persistence off", func(s *ipvs.Service) { s.Flags &^= ipvs.Persistent }},
		{"one packet", func(s *ipvs.Service) { s.Flags |= ipvs.OnePacket }},
		{"flag 1 off", func(s *ipvs.Service) { s.Flags &^= ipvs.Sched1 }},
		{"flag 2", func(s *ipvs.Service) { s.Flags |= ipvs.Sched2 }},
		{"flag 3", func(s *ipvs.Service) { s.Flags |= ipvs.Sched3 }},
		{"persistence timeout", func(s *ipvs.Service) { s.Timeout = time.Hour }},
		{"granularity", func(s *ipvs.Service) { s.Granularity = 25 }},
		{"persistence engine", func(s *ipvs.Service) { s.PE = "" }},
	} {
		s := driftService
		c.change(&s)
		all = append(all, Drift{"service: " + c.name, setService(driftKey, s), false})
	}
	for _, c := range []struct {
		name     string
		change   func(*ipvs.Destination)
		replaces bool
	}{
		{"weight", func(d *ipvs.Destination) { d.Weight = 9 }, false},
		{"to DR", func(d *ipvs.Destination) { d.Forwarding = ipvs.DR }, false},
		{"to NAT", func(d *ipvs.Destination) { d.Forwarding = ipvs.NAT }, true},
		{"upper threshold", func(d *ipvs.Destination) { d.Upper = 11 }, false},
		{"lower threshold", func(d *ipvs.Destination) { d.Lower = 4 }, false},
		{"tunnel type", func(d *ipvs.Destination) { d.Tunnel.Type = ipvs.GRE }, true},
		{"tunnel port", func(d *ipvs.Destination) { d.Tunnel.Port = 6081 }, true},
		{"tunnel flags", func(d *ipvs.Destination) { d.Tunnel.Flags = 0 }, false},
	} {
		d := driftServer
		c.change(&d)
		all = append(all, Drift{"server: " + c.name, set(driftKey, Real, d), c.replaces})
	}
	third := netip.MustParseAddrPort("198.51.100.13:80")
	return append(all,
		Drift{"a server more", add(driftKey, third, nat), false},
		Drift{"a server less", del(driftKey, Real2), false},
	)
}

// ConformanceOfDrift holds a kernel to what a reconciler lives by: whatever one
// field is changed to can be read back, differs in that alone, and is taken
// back by one operation that leaves every other entry as it is.
func ConformanceOfDrift(t *testing.T, open func(t *testing.T) ipvs.Kernel) {
	for _, c := range Drifts() {
		t.Run(c.Name, func(t *testing.T) {
			k, want := open(t), Wanted()
			apply := func(ops []ipvs.Op) {
				t.Helper()
				for i, err := range k.Apply(t.Context(), ops) {
					if err != nil {
						t.Fatalf("%s: %v", ops[i], err)
					}
				}
			}
			diff := func() []ipvs.Op {
				t.Helper()
				have, _, err := k.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return ipvs.Diff(have, want)
			}
			apply(ipvs.Diff(nil, want))
			if ops := diff(); len(ops) > 0 {
				t.Fatalf("right after it was written: %v", ops)
			}
			apply([]ipvs.Op{c.Change})
			repair, size := diff(), 1
			if c.Replaces {
				size = 2
			}
			if len(repair) != size {
				t.Fatalf("it takes %v to repair, want %d operations", repair, size)
			}
			apply(repair)
			if ops := diff(); len(ops) > 0 {
				t.Errorf("after the repair: %v", ops)
			}
		})
	}
}
