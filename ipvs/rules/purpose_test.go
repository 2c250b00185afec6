package rules

import (
	"fmt"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

func TestPurpose(t *testing.T) {
	var services []Service
	for i := range 5 {
		services = append(services, Service{
			Key:     key(fmt.Sprintf("192.0.2.8%d:80", i), ipvs.TCP),
			Sources: []Range{pool("10.0.0.100"), pool("10.0.0.200")},
			FullNAT: []ipvs.Server{server("10.1.0.1:80")},
		})
	}
	match := []Match{{Addr: addr("192.0.2.90"), Protocol: ipvs.TCP}, {Addr: addr("192.0.2.91"), Protocol: ipvs.TCP}}
	marked := Service{Key: mark(7, ipvs.IPv4), Match: match}
	ours := Service{Key: key("192.0.2.70:53", ipvs.UDP), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12")}
	for _, row := range []struct {
		name     string
		services []Service
		want     string
	}{
		{"one", services[:1], "FULLNAT of 192.0.2.80:80 TCP"},
		{"two", services[:2], "FULLNAT of 192.0.2.80:80 TCP, 192.0.2.81:80 TCP"},
		{"many", services, "FULLNAT of 192.0.2.80:80 TCP, 192.0.2.81:80 TCP and 3 more"},
		{"everything", append(services[:1:1], marked, ours),
			"FULLNAT of 192.0.2.80:80 TCP; marks of fwmark 7; delivery to this host of 192.0.2.70:53 UDP"},
	} {
		table, _ := Want(row.services, hosts([]string{"10.0.0.11"})).Table(ipvs.IPv4)
		if got := table.Purpose(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	if got := (Table{}).Purpose(); got != "" {
		t.Errorf("no rules: %q", got)
	}
}
