package scale

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	moby "github.com/moby/ipvs"

	"github.com/tandem-ha/tandem/integration/lab"
)

// size is how many services there are, and how many real servers each has.
type size struct{ services, servers int }

var (
	// large is what the goals are about, and what the benchmark measures.
	large = size{1000, 10}
	// many is enough for every way that a table may take: it is written in
	// nine batches and read in many messages. More of the same shows nothing
	// new but takes a minute, most of it for the witness.
	many = size{100, 10}
)

func (s size) String() string { return fmt.Sprintf("%d services x %d servers", s.services, s.servers) }

// vip and real are the addresses; all ports are 80.
func vip(service int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 1, byte(service >> 8), byte(service)})
}

func real(service, server int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 2 + byte(service>>8), byte(service), byte(server + 1)})
}

// weights are those of the real servers as configured; a test changes some.
type weights func(service, server int) int

func plain(_, server int) int { return server + 1 }

// changed is plain but for one server of the service in the middle.
func (s size) changed(weight int) weights {
	return func(service, server int) int {
		if service == s.middle() && server == 0 {
			return weight
		}
		return plain(service, server)
	}
}

func (s size) middle() int { return s.services / 2 }

// config is the configuration file for both directors. No real server has a
// check, so that nothing but IPVS is measured.
func (s size) config(w weights) string {
	var b strings.Builder
	b.WriteString("global_defs {\n  router_id scale\n}\n")
	for i := range s.services {
		fmt.Fprintf(&b, "virtual_server %s 80 {\n  lb_algo wrr\n  lb_kind NAT\n  protocol TCP\n", vip(i))
		for j := range s.servers {
			fmt.Fprintf(&b, "  real_server %s 80 {\n    weight %d\n  }\n", real(i, j), w(i, j))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// eye looks at the IPVS table of a host, by a library that is none of tandem's.
type eye struct{ *moby.Handle }

func newEye(t testing.TB, h *lab.Host) eye {
	t.Helper()
	var e eye
	err := h.Do(func() (err error) {
		e.Handle, err = moby.New("")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// weight is that of one server in the kernel, -1 where it is not there.
func (e eye) weight(service, server int) int {
	dests, err := e.GetDestinations(e.service(service))
	if err != nil {
		return -1 // The library makes an error of a service that is not there.
	}
	for _, d := range dests {
		if a, ok := netip.AddrFromSlice(d.Address); ok && a.Unmap() == real(service, server) {
			return d.Weight
		}
	}
	return -1
}

func (eye) service(i int) *moby.Service {
	return &moby.Service{Address: vip(i).AsSlice(), Port: 80, Protocol: syscall.IPPROTO_TCP, AddressFamily: syscall.AF_INET}
}

// count is the whole table, slowly.
func (e eye) count(t testing.TB) (services, servers int) {
	t.Helper()
	all, err := e.GetServices()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		dests, err := e.GetDestinations(s)
		if err != nil {
			t.Fatal(err)
		}
		servers += len(dests)
	}
	return len(all), servers
}
