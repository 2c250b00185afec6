package ipvstest

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-ha/tandem/ipvs"
)

// Web is an ordinary service, Real and Real2 ordinary servers.
var (
	Web   = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:80"), Protocol: ipvs.TCP, Family: ipvs.IPv4}
	Real  = netip.MustParseAddrPort("198.51.100.11:8080")
	Real2 = netip.MustParseAddrPort("198.51.100.12:8080")
)

// Fixtures of the rows below.
var (
	web6  = ipvs.Key{Addr: netip.MustParseAddrPort("[2001:db8::80]:80"), Protocol: ipvs.TCP, Family: ipvs.IPv6}
	mark  = ipvs.Key{FWMark: 7, Family: ipvs.IPv4}
	mark6 = ipvs.Key{FWMark: 7, Family: ipvs.IPv6}
	real6 = netip.MustParseAddrPort("[2001:db8::11]:8080")
	rr    = ipvs.Service{Scheduler: "rr"}
	nat   = ipvs.Destination{Weight: 1}
)

func addService(key ipvs.Key, s ipvs.Service) ipvs.Op {
	return ipvs.Op{Verb: ipvs.AddService, Key: key, Service: s}
}

func setService(key ipvs.Key, s ipvs.Service) ipvs.Op {
	return ipvs.Op{Verb: ipvs.SetService, Key: key, Service: s}
}

func delService(key ipvs.Key) ipvs.Op { return ipvs.Op{Verb: ipvs.DelService, Key: key} }

func add(key ipvs.Key, s ipvs.Server, d ipvs.Destination) ipvs.Op {
	return ipvs.Op{Verb: ipvs.AddDestination, Key: key, Server: s, Destination: d}
}

func set(key ipvs.Key, s ipvs.Server, d ipvs.Destination) ipvs.Op {
	return ipvs.Op{Verb: ipvs.SetDestination, Key: key, Server: s, Destination: d}
}

func del(key ipvs.Key, s ipvs.Server) ipvs.Op {
	return ipvs.Op{Verb: ipvs.DelDestination, Key: key, Server: s}
}

// row is a table of operations and what the kernel says to each.
type row struct {
	name string
	ops  []ipvs.Op
	want []error // one for each operation
}

var conformance = []row{
	{"service and server", []ipvs.Op{addService(Web, rr), add(Web, Real, nat)}, []error{nil, nil}},
	{"service twice", []ipvs.Op{addService(Web, rr), addService(Web, rr)}, []error{nil, ipvs.ErrExist}},
	{"server twice", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), add(Web, Real, nat)}, []error{nil, nil, ipvs.ErrExist}},
	{"change a service that is not there", []ipvs.Op{setService(Web, rr)}, []error{ipvs.ErrNotExist}},
	{"remove a service that is not there", []ipvs.Op{delService(Web)}, []error{ipvs.ErrNotExist}},
	{"add a server to no service", []ipvs.Op{add(Web, Real, nat)}, []error{ipvs.ErrNotExist}},
	{"change a server that is not there", []ipvs.Op{addService(Web, rr), set(Web, Real, nat)}, []error{nil, ipvs.ErrNotExist}},
	{"remove a server that is not there", []ipvs.Op{addService(Web, rr), del(Web, Real)}, []error{nil, ipvs.ErrNotExist}},
	{"a failure does not stop the rest", []ipvs.Op{delService(mark), addService(Web, rr), del(Web, Real), add(Web, Real, nat)},
		[]error{ipvs.ErrNotExist, nil, ipvs.ErrNotExist, nil}},
	{"a service takes its servers along", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), delService(Web), addService(Web, rr)},
		[]error{nil, nil, nil, nil}},
	{"change a server", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), set(Web, Real, ipvs.Destination{Weight: 9, Forwarding: ipvs.DR})},
		[]error{nil, nil, nil}},
	{"change a service", []ipvs.Op{addService(Web, rr), add(Web, Real, nat), setService(Web, ipvs.Service{Scheduler: "wlc"})},
		[]error{nil, nil, nil}},

	{"unknown scheduler", []ipvs.Op{addService(Web, ipvs.Service{Scheduler: "nosuch"})}, []error{ipvs.ErrNoScheduler}},
	{"change to an unknown scheduler", []ipvs.Op{addService(Web, rr), setService(Web, ipvs.Service{Scheduler: "nosuch"})},
		[]error{nil, ipvs.ErrNoScheduler}},
	{"unknown persistence engine", []ipvs.Op{addService(Web, ipvs.Service{Scheduler: "rr", PE: "nosuch"})}, []error{ipvs.ErrNoScheduler}},
	{"negative weight", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Weight: -1})}, []error{nil, ipvs.ErrInvalid}},
	{"lower threshold above the upper", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Upper: 5, Lower: 6})},
		[]error{nil, ipvs.ErrInvalid}},
	{"multicast server", []ipvs.Op{addService(Web, rr), add(Web, netip.MustParseAddrPort("224.0.0.1:80"), nat)}, []error{nil, ipvs.ErrInvalid}},
	{"IPv6 multicast server", []ipvs.Op{addService(web6, rr), add(web6, netip.MustParseAddrPort("[ff02::1]:80"), nat)}, []error{nil, ipvs.ErrInvalid}},
	{"server of the other family by NAT", []ipvs.Op{addService(Web, rr), add(Web, real6, nat)}, []error{nil, ipvs.ErrInvalid}},
	{"server of the other family by TUN", []ipvs.Op{addService(Web, rr), add(Web, real6, ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel})},
		[]error{nil, nil}},
	{"GUE without a port", []ipvs.Op{addService(Web, rr), add(Web, Real, ipvs.Destination{Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: 1}})},
		[]error{nil, ipvs.ErrInvalid}},
	{"a prefix longer than IPv6 has", []ipvs.Op{addService(web6, ipvs.Service{Scheduler: "rr", Flags: ipvs.Persistent, Timeout: time.Minute, Granularity: 129})},
		[]error{ipvs.ErrInvalid}},

	{"tunnels", []ipvs.Op{
		addService(Web, rr),
		add(Web, Real, ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel}),
		add(Web, Real2, ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: 1, Port: 6080, Flags: 1}}),
		add(Web, netip.MustParseAddrPort("198.51.100.13:80"), ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: 2, Flags: 1}}),
	}, []error{nil, nil, nil, nil}},
	{"marks of both families and addresses of all protocols", []ipvs.Op{
		addService(mark, rr), addService(mark6, rr), addService(web6, rr), addService(Web, rr),
		addService(ipvs.Key{Addr: Web.Addr, Protocol: ipvs.UDP}, ipvs.Service{Scheduler: "rr", Flags: ipvs.OnePacket}),
		addService(ipvs.Key{Addr: Web.Addr, Protocol: ipvs.SCTP}, rr),
		add(mark, Real, nat), add(mark6, real6, nat), add(web6, real6, nat),
	}, make([]error, 9)},
	{"everything about a service", []ipvs.Op{
		addService(Web, ipvs.Service{Scheduler: "mh", Flags: ipvs.Persistent | ipvs.Sched1 | ipvs.Sched2 | ipvs.Sched3, Timeout: time.Hour, Granularity: 24}),
		addService(web6, ipvs.Service{Scheduler: "sh", Flags: ipvs.Persistent | ipvs.Sched1, Timeout: 360 * time.Second, Granularity: 64}),
		addService(ipvs.Key{Addr: Web.Addr, Protocol: ipvs.UDP}, ipvs.Service{Scheduler: "rr", Flags: ipvs.Persistent, Timeout: time.Minute, PE: "sip"}),
	}, []error{nil, nil, nil}},
	{"everything about a server", []ipvs.Op{
		addService(Web, rr),
		add(Web, Real, ipvs.Destination{Weight: math.MaxInt32, Forwarding: ipvs.DR, Upper: math.MaxUint32, Lower: 7}),
		add(Web, Real2, ipvs.Destination{Forwarding: ipvs.Local, Upper: 1}),
	}, []error{nil, nil, nil}},
}

// Conformance holds a Kernel to what is known of the real one, which is run
// through it too. Open gives an empty one.
func Conformance(t *testing.T, open func(t *testing.T) ipvs.Kernel) {
	for _, c := range slices.Concat(conformance, corners) {
		t.Run(c.name, func(t *testing.T) {
			k := open(t)
			got := k.Apply(t.Context(), c.ops)
			want := ipvs.Table{}
			for i, op := range c.ops {
				if !errors.Is(got[i], c.want[i]) || (got[i] == nil) != (c.want[i] == nil) {
					t.Errorf("%s: %v, want %v", op, got[i], c.want[i])
				}
				if c.want[i] == nil {
					op.Key = op.Key.Normal()
					op.Service = op.Service.Normal(op.Key.Family)
					op.Destination = op.Destination.Normal()
					if err := want.Apply(op); err != nil {
						t.Fatalf("the row contradicts itself: %s: %v", op, err)
					}
				}
			}
			table, figures, err := k.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, table, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
				t.Errorf("table (-want +got):\n%s", d)
			}
			if len(figures) != len(want) {
				t.Errorf("figures of %d services, want %d", len(figures), len(want))
			}
			keys := []ipvs.Key{{FWMark: 99, Family: ipvs.IPv4}} // There is none such.
			for _, op := range c.ops {
				keys = append(keys, op.Key.Normal())
			}
			entries, err := k.Entries(t.Context(), keys)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, entries, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			services, err := k.Services(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(services) != len(want) {
				t.Errorf("%d services, want %d", len(services), len(want))
			}
			for key, entry := range want {
				if services[key] != entry.Service {
					t.Errorf("service %s: %+v, want %+v", key, services[key], entry.Service)
				}
			}
		})
	}
}
