package ipvsadm

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// noNames knows no hosts, so that a fuzzer asks no name server.
func noNames(t testing.TB) *names {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := newNames(ctx)
	n.file = &hostsFile{map[string]netip.Addr{}, map[netip.Addr]string{}}
	return n
}

func TestNumbersAndDots(t *testing.T) {
	for in, want := range map[string]string{
		"10.1": "10.0.0.1", "167772161": "10.0.0.1", "010.0.0.1": "8.0.0.1", "0x7f.1": "127.0.0.1", "1.2.3": "1.2.0.3",
		"10.0.0.2 x": "10.0.0.2", "10.0.0.256": "", "1.2.3.4.5": "", "": "", "1..2": "", "0b1": "", "1_0.1": "", "+1.1.1.1": "", "08.1": "",
	} {
		got, ok := numbersAndDots(in)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%q is %s %t, want %q", in, got, ok, want)
		}
	}
}

func TestCountersAreCut(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "        0", 99_999_999: " 99999999", 104_044_800: "  104044K", 100_000_000_000: "  100000M", 1 << 62: " 4611686018G",
	} {
		if got := string(counter(nil, n, false)); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// What is saved is read back as the same service and servers.
func TestSavedCommandsParse(t *testing.T) {
	addr := netip.MustParseAddrPort
	for _, l := range []kernel.Listed{
		{Virtual: kernel.Virtual{Key: ipvs.Key{Addr: addr("192.0.2.80:80"), Protocol: ipvs.TCP, Family: ipvs.IPv4},
			Scheduler: "sh", Flags: ipvs.Persistent | ipvs.Sched1 | ipvs.Sched2, Timeout: 60, Netmask: 0xff00ff00, PE: "sip"},
			Servers: []kernel.Real{
				{Server: addr("10.0.0.1:8080"), Destination: ipvs.Destination{Weight: 3}},
				{Server: addr("[2001:db8::1]:80"), Destination: ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel,
					Tunnel: ipvs.TunnelOptions{Type: ipvs.GUE, Port: 6080, Flags: ipvs.TunnelRemcsum}}},
			}},
		{Virtual: kernel.Virtual{Key: ipvs.Key{FWMark: 0xfffffff0 >> 1, Family: ipvs.IPv6}, Scheduler: "rr", Flags: ipvs.OnePacket, Netmask: 128},
			Servers: []kernel.Real{{Server: addr("[::ffff:10.0.0.1]:0"), Destination: ipvs.Destination{Weight: 0, Forwarding: ipvs.DR}}}},
	} {
		lines := strings.Split(strings.TrimSpace(string(appendCommands(nil, &l, printer{numeric: true}))), "\n")
		for i, line := range lines {
			r, bad := parse(strings.Fields(line), noNames(t))
			if bad != nil {
				t.Fatalf("%q: %s", line, bad.text)
			}
			switch {
			case i == 0 && r.service != l.Virtual:
				t.Errorf("%q became %+v, want %+v", line, r.service, l.Virtual)
			case i > 0 && (r.server != l.Servers[i-1].Server || r.dest != l.Servers[i-1].Destination):
				t.Errorf("%q became %s %+v", line, r.server, r.dest)
			}
		}
	}
}

// Whatever is written on a command line is understood or refused, and what is
// understood as a change of a service survives being saved.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/commands.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f.Add(strings.TrimSpace(line))
	}
	names := noNames(f)
	f.Fuzz(func(t *testing.T, line string) {
		r, bad := parse(splitWords(nil, line), names)
		if bad != nil {
			if bad.status != statusUsage && bad.status != statusKernel || bad.text == "" {
				t.Fatalf("%q is refused with %d %q", line, bad.status, bad.text)
			}
			return
		}
		if r.command != addService || int32(r.service.Key.FWMark) < 0 {
			return // A mark above 2^31 is saved as a negative one, as by the original.
		}
		l := kernel.Listed{Virtual: r.service}
		if l.Flags&ipvs.Persistent == 0 {
			l.Netmask = allOnes
			if l.Key.Family == ipvs.IPv6 {
				l.Netmask = hostPrefix6
			}
		}
		if flagList(&l.Virtual) == "" {
			l.Flags &^= ipvs.Sched1 | ipvs.Sched2 | ipvs.Sched3 // the third of sh and mh, which is lost
		} else if l.Scheduler == "sh" || l.Scheduler == "mh" {
			l.Flags &^= ipvs.Sched3
		}
		if strings.ContainsAny(l.Scheduler+l.PE, blanks) {
			return
		}
		saved := string(appendCommands(nil, &l, printer{numeric: true}))
		again, bad := parse(splitWords(nil, saved), names)
		if bad != nil {
			t.Fatalf("%q was saved as %q: %s", line, saved, bad.text)
		}
		if again.service != l.Virtual {
			t.Fatalf("%q was saved as %q: %+v, want %+v", line, saved, again.service, l.Virtual)
		}
	})
}
