package ipvstest

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// Fixtures of the corners.
var (
	anyPort    = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:0"), Protocol: ipvs.TCP, Family: ipvs.IPv4}
	dns        = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.53:53"), Protocol: ipvs.UDP, Family: ipvs.IPv4}
	sixteen    = "sixteen-letters-"
	persistent = ipvs.Service{Scheduler: "rr", Flags: ipvs.Persistent, Timeout: time.Minute}
	tunnel     = ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel}
	gue        = ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: ipvs.GUE, Port: 6080}}
)

func by(f ipvs.Forwarding) ipvs.Destination { return ipvs.Destination{Weight: 1, Forwarding: f} }

func engine(s ipvs.Service, name string) ipvs.Service { s.PE = name; return s }

func tunnelled(o ipvs.TunnelOptions) ipvs.Destination {
	return ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: o}
}

// corners are the rows about what makes little sense, or none: what the kernel
// takes of it, a configuration must refuse itself.
var corners = []row{
	{"one-packet scheduling of TCP is taken and does nothing", []ipvs.Op{addService(Web, ipvs.Service{Scheduler: "rr", Flags: ipvs.OnePacket})}, []error{nil}},
	{"all ports without persistence are taken, though no packet is", []ipvs.Op{addService(anyPort, rr), add(anyPort, Real, nat)}, []error{nil, nil}},
	{"all ports with persistence", []ipvs.Op{addService(anyPort, persistent), addService(Web, rr)}, []error{nil, nil}},
	{"a persistence engine without persistence", []ipvs.Op{addService(dns, engine(rr, "sip"))}, []error{nil}},
	{"a persistence engine of the wrong protocol", []ipvs.Op{addService(Web, engine(persistent, "sip"))}, []error{nil}},
	{"change to an unknown persistence engine", []ipvs.Op{addService(dns, persistent), setService(dns, engine(persistent, "nosuch"))},
		[]error{nil, ipvs.ErrNoScheduler}},
	{"a persistence engine that comes and goes", []ipvs.Op{addService(dns, persistent), setService(dns, engine(persistent, "sip")), setService(dns, persistent)},
		[]error{nil, nil, nil}},
	{"a scheduler without a name", []ipvs.Op{addService(Web, ipvs.Service{})}, []error{ipvs.ErrNoScheduler}},
	{"a scheduler whose name is too long", []ipvs.Op{addService(Web, ipvs.Service{Scheduler: sixteen})}, []error{ipvs.ErrInvalid}},
	{"a persistence engine whose name is too long", []ipvs.Op{addService(dns, engine(persistent, sixteen))}, []error{ipvs.ErrNoScheduler}},
	{"flags of the kernel's own", []ipvs.Op{addService(Web, ipvs.Service{Scheduler: "rr", Flags: 0xffffff00 | ipvs.Sched1})}, []error{nil}},
	{"the same service in another spelling", []ipvs.Op{
		addService(Web, rr),
		addService(ipvs.Key{Addr: netip.MustParseAddrPort("[::ffff:192.0.2.80]:80"), Protocol: ipvs.TCP}, rr),
	}, []error{nil, ipvs.ErrExist}},
	{"one mark and both families", []ipvs.Op{addService(mark, rr), addService(mark6, rr), delService(mark), setService(mark, rr), setService(mark6, persistent)},
		[]error{nil, nil, nil, ipvs.ErrNotExist, nil}},

	{"a lower threshold alone", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Lower: 1})}, []error{nil, ipvs.ErrInvalid}},
	{"thresholds that meet", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Upper: 5, Lower: 5})}, []error{nil, nil}},
	{"change to thresholds that cross", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), set(Web, Real, ipvs.Destination{Upper: 5, Lower: 6})},
		[]error{nil, nil, ipvs.ErrInvalid}},
	{"change to a negative weight", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), set(Web, Real, ipvs.Destination{Weight: -5})},
		[]error{nil, nil, ipvs.ErrInvalid}},
	{"a server at no address", []ipvs.Op{addService(Web, rr), add(Web, netip.MustParseAddrPort("0.0.0.0:80"), nat)}, []error{nil, ipvs.ErrInvalid}},
	{"a server at everybody's address", []ipvs.Op{addService(Web, rr), add(Web, netip.MustParseAddrPort("255.255.255.255:80"), nat)},
		[]error{nil, ipvs.ErrInvalid}},
	{"a server at no IPv6 address", []ipvs.Op{addService(web6, rr), add(web6, netip.MustParseAddrPort("[::]:80"), nat)}, []error{nil, ipvs.ErrInvalid}},
	{"a server on the director itself", []ipvs.Op{addService(Web, rr), add(Web, netip.MustParseAddrPort("127.0.0.1:80"), nat)}, []error{nil, nil}},
	{"another port is another server", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), del(Web, netip.AddrPortFrom(Real.Addr(), 81))},
		[]error{nil, nil, ipvs.ErrNotExist}},

	{"tunnel options of a server without a tunnel", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Weight: 1, Tunnel: gue.Tunnel})}, []error{nil, nil}},
	{"change to GUE without a port", []ipvs.Op{addService(Web, rr), add(Web, Real, gue), set(Web, Real, tunnelled(ipvs.TunnelOptions{Type: ipvs.GUE}))},
		[]error{nil, nil, ipvs.ErrInvalid}},
	{"a tunnel changes its kind", []ipvs.Op{addService(Web, rr), add(Web, Real, gue), set(Web, Real, tunnelled(ipvs.TunnelOptions{Type: ipvs.GRE, Flags: 1})), set(Web, Real, nat)},
		[]error{nil, nil, nil, nil}},

	{"an IPv6 server by DR", []ipvs.Op{addService(Web, rr), add(Web, real6, by(ipvs.DR))}, []error{nil, ipvs.ErrInvalid}},
	{"an IPv6 server as the director itself", []ipvs.Op{addService(Web, rr), add(Web, real6, by(ipvs.Local))}, []error{nil, ipvs.ErrInvalid}},
	{"an IPv4 server of an IPv6 service by NAT", []ipvs.Op{addService(web6, rr), add(web6, Real, nat)}, []error{nil, ipvs.ErrInvalid}},
	{"an IPv4 server of an IPv6 service by TUN", []ipvs.Op{addService(web6, rr), add(web6, Real, tunnel), add(web6, Real2, gue)}, []error{nil, nil, nil}},
	{"a TUN server of the other family changes to NAT", []ipvs.Op{addService(Web, rr), add(Web, real6, tunnel), set(Web, real6, nat)},
		[]error{nil, nil, ipvs.ErrInvalid}},
	{"a server of the other family of a mark", []ipvs.Op{addService(mark, rr), add(mark, real6, tunnel), add(mark, real6, nat)},
		[]error{nil, nil, ipvs.ErrInvalid}},
}

// ConformanceOfMixedFamilies holds a kernel to what keeps the two apart: the
// messages of the sync daemons have one address family for the virtual address
// and the server, so servers of the other family and a daemon exclude one
// another (ip_vs_genl_set_cmd, start_sync_thread).
func ConformanceOfMixedFamilies(t *testing.T, k interface {
	ipvs.Kernel
	DaemonKernel
}) {
	ctx := t.Context()
	daemon := ipvs.Daemon{Role: ipvs.SyncBackup, Interface: "lo", SyncID: 7}
	expect := func(ops []ipvs.Op, want ...error) {
		t.Helper()
		for i, got := range k.Apply(ctx, ops) {
			if !errors.Is(got, want[i]) || (got == nil) != (want[i] == nil) {
				t.Errorf("%s: %v, want %v", ops[i], got, want[i])
			}
		}
	}
	expect([]ipvs.Op{addService(Web, rr), add(Web, Real, tunnel), add(Web, real6, tunnel)}, nil, nil, nil)
	if err := k.StartDaemon(ctx, daemon); !errors.Is(err, ipvs.ErrInvalid) {
		t.Errorf("start a daemon beside a server of the other family: %v, want %v", err, ipvs.ErrInvalid)
	}
	expect([]ipvs.Op{del(Web, real6)}, nil)
	if err := k.StartDaemon(ctx, daemon); err != nil {
		t.Fatal(err)
	}
	expect([]ipvs.Op{add(Web, real6, tunnel), add(Web, Real2, tunnel)}, ipvs.ErrInvalid, nil)
	if err := k.StopDaemon(ctx, daemon); err != nil {
		t.Fatal(err)
	}
	expect([]ipvs.Op{add(Web, real6, tunnel)}, nil)
}
