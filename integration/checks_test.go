package integration

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// Whatever makes a real server fail its check takes it out of the table, and
// its recovery brings it back.
func TestFailedServersLeaveAndReturn(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	s1, _ := newPatient(t, p, 0), newPatient(t, p, 1)
	o := quick
	o.Extra = patientService(p) + echoedService(p)
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	page := netip.AddrPortFrom(p.VIP(), patientPort)  // HTTP_GET
	echoed := netip.AddrPortFrom(p.VIP(), echoedPort) // TCP_CHECK
	both := []netip.AddrPort{page, echoed}
	wait := func(t *testing.T, services []netip.AddrPort, want string) {
		t.Helper()
		for _, service := range services {
			p.WaitTable(t, lab.A, service, want)
		}
	}
	wait(t, both, "s1=1 s2=1")

	cure := func() error { s1.cure(); return nil }
	for _, tt := range []struct {
		what       string
		fail, mend func() error
		leaves     []netip.AddrPort
	}{
		{
			"the page has another status",
			func() error { s1.status.Store(http.StatusServiceUnavailable); return nil }, cure,
			[]netip.AddrPort{page},
		}, {
			"the page has another digest",
			func() error { s1.body.Store("all is lost"); return nil }, cure,
			[]netip.AddrPort{page},
		}, {
			"the process is dead and its host refuses",
			func() error { p.Servers[0].Down(); return nil },
			func() error { return p.Servers[0].Up(t.Context()) },
			[]netip.AddrPort{echoed},
		}, {
			"the host is dead and nobody answers",
			func() error { return p.ServerDown(0) },
			func() error { return p.ServerUp(0) },
			both,
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			if err := tt.fail(); err != nil {
				t.Fatal(err)
			}
			wait(t, tt.leaves, "s2=1")
			if err := tt.mend(); err != nil {
				t.Fatal(err)
			}
			wait(t, both, "s1=1 s2=1")
		})
	}
}

// A failed server with inhibit_on_failure stays in the table with weight 0, so
// that its connections live on.
func TestInhibitOnFailureKeepsServersAtWeightZero(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	s1, _ := newPatient(t, p, 0), newPatient(t, p, 1)
	o := quick
	o.Extra = patientService(p, "inhibit_on_failure")
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	page := netip.AddrPortFrom(p.VIP(), patientPort)
	p.WaitTable(t, lab.A, page, "s1=1 s2=1")

	s1.status.Store(http.StatusInternalServerError)
	p.WaitTable(t, lab.A, page, "s1=0 s2=1")
	s1.cure()
	p.WaitTable(t, lab.A, page, "s1=1 s2=1")
}

// The sorry server serves exactly while the weight of the healthy servers is
// below the quorum, in their place.
func TestSorryServerServesWithoutQuorum(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	_, s2 := newPatient(t, p, 0), newPatient(t, p, 1)
	o := quick
	o.Extra = patientService(p, "quorum 2", fmt.Sprintf("sorry_server %s %d", p.Plan().Servers[2].Addr, patientPort))
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	page := netip.AddrPortFrom(p.VIP(), patientPort)
	p.WaitTable(t, lab.A, page, "s1=1 s2=1")

	s2.status.Store(http.StatusNotFound)
	p.WaitTable(t, lab.A, page, "s3=1")
	if n := p.WaitLog(t, lab.A, "level=WARN", "quorum lost"); n != 1 {
		t.Errorf("the loss of the quorum was logged %d times as a warning, want once", n)
	}
	s2.cure()
	p.WaitTable(t, lab.A, page, "s1=1 s2=1")
}
