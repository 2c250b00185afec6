package director

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
)

const twoServers = `
virtual_server 192.0.2.80 80 {
    lb_algo wlc
    lb_kind DR
    protocol TCP
    delay_loop 2
    real_server 198.51.100.1 80 {
        weight 3
        TCP_CHECK {
            connect_timeout 1
            retry 0
        }
    }
    real_server 198.51.100.2 80 {
        TCP_CHECK {
            connect_timeout 1
            retry 0
        }
    }
}
`

var (
	service = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:80"), Protocol: ipvs.TCP, Family: ipvs.IPv4}
	first   = netip.MustParseAddrPort("198.51.100.1:80")
	second  = netip.MustParseAddrPort("198.51.100.2:80")
	began   = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
)

// newTestPools has the configuration's services and keeps the last table that was
// wanted. Nothing probes: the tests are the prober.
func newTestPools(t *testing.T, text string) (*pools, *ipvs.Table) {
	t.Helper()
	p := newPools(healthcheck.NewRunner(nil, slog.New(slog.DiscardHandler), healthcheck.Options{}), slog.New(slog.DiscardHandler))
	table := &ipvs.Table{}
	p.want = func(t ipvs.Table) { *table = t }
	p.set(parse(t, text))
	return p, table
}

func parse(t *testing.T, text string) []conf.Service {
	t.Helper()
	config, found := conf.Parse("test.conf", []byte(text))
	if found.Fatal() || found.Count(conf.Error) > 0 {
		t.Fatal(found)
	}
	return config.Services
}

// report says what a server's check found.
func (p *pools) report(server netip.AddrPort, reason healthcheck.Reason) {
	for _, s := range p.services {
		for _, c := range s.Checks {
			if c.Spec.Target == server {
				p.take([]healthcheck.Result{{Key: c.Key, At: began, Reason: reason, Fails: 1, Detail: "a test"}})
			}
		}
	}
}

// weights is what the table wants for a service.
func weights(table *ipvs.Table) map[netip.AddrPort]int32 {
	list := map[netip.AddrPort]int32{}
	for server, d := range (*table)[service].Destinations {
		list[server] = d.Weight
	}
	return list
}

func TestResultsBecomeTables(t *testing.T) {
	p, table := newTestPools(t, twoServers)
	steps := []struct {
		what string
		do   func()
		want map[netip.AddrPort]int32
	}{
		{"without a result both serve", func() {}, map[netip.AddrPort]int32{first: 3, second: 1}},
		{"a refused check takes its server out", func() { p.report(first, healthcheck.Refused) }, map[netip.AddrPort]int32{second: 1}},
		{"a fault of our own changes nothing", func() { p.report(second, healthcheck.LocalError) }, map[netip.AddrPort]int32{second: 1}},
		{"a reload keeps what failed out", func() { p.set(parse(t, twoServers)) }, map[netip.AddrPort]int32{second: 1}},
		{"a reload with another weight touches that alone",
			func() {
				p.set(parse(t, strings.Replace(twoServers, "198.51.100.2 80 {", "198.51.100.2 80 {\n weight 7", 1)))
			},
			map[netip.AddrPort]int32{second: 7}},
		{"a passed check brings its server back", func() { p.report(first, healthcheck.Passed) }, map[netip.AddrPort]int32{first: 3, second: 7}},
		{"a result of a check that is gone is nobody's",
			func() { p.take([]healthcheck.Result{{Key: "gone", At: began, Reason: healthcheck.Refused, Fails: 9}}) },
			map[netip.AddrPort]int32{first: 3, second: 7}},
	}
	for _, s := range steps {
		s.do()
		if diff := cmp.Diff(s.want, weights(table)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", s.what, diff)
		}
	}
}

func TestAManualDrainIsShownWithItsReason(t *testing.T) {
	p, table := newTestPools(t, twoServers)
	p.report(first, healthcheck.Passed)
	p.drain(ipvs.Drain{Key: service, Server: first, Since: began, Reason: ipvs.DrainSeen})
	p.compute()
	if got := weights(table)[first]; got != 0 {
		t.Errorf("weight %d, want 0", got)
	}
	shown := p.view(ipvs.Snapshot{})[0].Servers[0]
	if !shown.Drained || shown.Verdict != "drained" || shown.Reason != ipvs.DrainSeen.String() || !shown.Since.Equal(began) {
		t.Errorf("status shows %+v", shown)
	}
	p.drain(ipvs.Drain{Key: service, Server: first, Since: began, Reason: ipvs.DrainWeight})
	p.compute()
	if got := weights(table)[first]; got != 3 {
		t.Errorf("weight %d after the drain, want 3", got)
	}
}

func TestChecksThatDoNotReportAreOverdue(t *testing.T) {
	p, _ := newTestPools(t, twoServers)
	p.report(first, healthcheck.Passed)
	if got := p.overdue(began.Add(11 * time.Second)); len(got) != 0 {
		t.Errorf("too early: %q", got)
	}
	got := p.overdue(began.Add(13 * time.Second))
	if len(got) != 1 || !strings.Contains(got[0], "198.51.100.1:80") {
		t.Errorf("overdue: %q, want the first server's check", got)
	}
}
