package integration

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// Every scheduler shares connections as it promises: of so many clients that
// come one after another and stay, each server gets exactly its share.
func TestSchedulersShareConnections(t *testing.T) {
	rows := []struct {
		what    string
		algo    string
		weights []int
		upper   int // uthreshold of the heaviest server, s2.
		clients int
		want    answered
	}{
		{"rr: in turn", "rr", []int{1, 1, 1}, 0, 12, answered{"s1": 4, "s2": 4, "s3": 4}},
		{"rr: in turn, whatever the weights", "rr", []int{1, 7, 2}, 0, 12, answered{"s1": 4, "s2": 4, "s3": 4}},
		{"wrr: 1 to 3", "wrr", []int{1, 3}, 0, 12, answered{"s1": 3, "s2": 9}},
		{"lc: the fewest connections", "lc", []int{1, 7, 2}, 0, 9, answered{"s1": 3, "s2": 3, "s3": 3}},
		{"wlc: the fewest by weight", "wlc", []int{1, 3, 2}, 0, 12, answered{"s1": 2, "s2": 6, "s3": 4}},
		{"sed: a small server stays idle while a big one is faster", "sed", []int{1, 3, 2}, 0, 3, answered{"s2": 2, "s3": 1}},
		{"sed: by weight in the end", "sed", []int{1, 3, 2}, 0, 12, answered{"s1": 2, "s2": 6, "s3": 4}},
		{"nq: no server stays idle", "nq", []int{1, 3, 2}, 0, 3, answered{"s1": 1, "s2": 1, "s3": 1}},
		{"nq: by weight in the end", "nq", []int{1, 3, 2}, 0, 12, answered{"s1": 2, "s2": 6, "s3": 4}},
		{"fo: the heaviest alone", "fo", []int{1, 3, 2}, 0, 6, answered{"s2": 6}},
		{"fo: the next where it is full", "fo", []int{1, 3, 2}, 4, 6, answered{"s2": 4, "s3": 2}},
		// ip_vs_ovf.c: a server is full with more connections than its weight.
		{"ovf: one more than the weight, then the next", "ovf", []int{2, 5, 3}, 0, 11, answered{"s2": 6, "s3": 4, "s1": 1}},
	}
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All})
	tell(t, p)
	o := calm
	for i, row := range rows {
		v := virtualServer{at: at(rowPort(p, i)), algo: row.algo, kind: "NAT", servers: shared(p, p.VIP(), row.weights...)}
		if row.upper > 0 {
			v.servers[1].lines = []string{fmt.Sprintf("uthreshold %d", row.upper)}
		}
		o.Extra += v.String()
	}
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(rows))
	p.WaitVirtual(t, lab.A)
	for i, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			if got := stay(t, p, rowPort(p, i), row.clients); !maps.Equal(got, row.want) {
				t.Errorf("%d clients are answered by %v, want %v", row.clients, got, row.want)
			}
		})
	}
	t.Run("twos: it works, or an error says that the kernel lacks it", func(t *testing.T) {
		row := rowPort(p, len(rows))
		o.Extra += virtualServer{at: at(row), algo: "twos", kind: "NAT", servers: shared(p, p.VIP(), 1, 1, 1)}.String()
		p.Reload(t, lab.A, p.Config(t, lab.A, o))
		if rig.Exec(t, p.Director(lab.A), "modprobe", "-n", "ip_vs_twos").Code == 0 {
			p.WaitServices(t, lab.A, len(rows)+1)
		} else {
			p.WaitLog(t, lab.A, "level=ERROR", row.String(), "twos")
			row = rowPort(p, 0) // It harms no other service.
		}
		if got := stay(t, p, row, 12); got.total() != 12 {
			t.Errorf("12 clients are answered by %v", got)
		}
	})
}

// rowPort is the service of a table's row.
func rowPort(p *rig.Pair, row int) netip.AddrPort {
	return netip.AddrPortFrom(p.VIP(), uint16(9100+row))
}

// stay makes clients call a service one after another and stay until the last
// one has been answered. It returns who answered.
func stay(t *testing.T, p *rig.Pair, at netip.AddrPort, clients int) answered {
	t.Helper()
	answers := make(answered)
	for i := range clients {
		c, err := traffic.Call(p.Client(), traffic.TCP, netip.AddrPortFrom(p.Plan().Visitor(i+1, at.Addr()), 0), at, patience)
		if err != nil {
			t.Error(err)
			continue
		}
		defer c.Close()
		tale, err := c.Ask("hello")
		if err != nil {
			t.Error(err)
		}
		answers[tale.Server]++
	}
	return answers
}
