package kernel

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"net/netip"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// The short cut tells what the long way does, except what it leaves out.
func TestBriefIsListWithLess(t *testing.T) {
	k := open(t)
	write(t, k, ipvs.Diff(nil, ipvstest.FullTable(20, 5)))
	want, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Brief(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(ipvs.Destination{}, "Upper", "Lower"), cmpopts.IgnoreFields(ipvs.Counts{}, "Persistent", "Stats")); d != "" {
		t.Errorf("List and Brief differ (-list +brief):\n%s", d)
	}
}

// A walk tells what List does, in the order that it was given.
func TestWalkIsListOneByOne(t *testing.T) {
	k := open(t)
	write(t, k, ipvs.Diff(nil, ipvstest.FullTable(20, 5)))
	want, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(want)
	var got []Listed
	err = k.Walk(t.Context(), slices.Reverse, func(l *Listed) error {
		one := *l
		one.Servers = slices.Clone(l.Servers)
		got = append(got, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("List and Walk differ (-list +walk):\n%s", d)
	}
	stop := errors.New("enough")
	if err := k.Walk(t.Context(), func([]Listed) {}, func(*Listed) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a walk that is ended: %v", err)
	}
	if _, err := k.Info(t.Context()); err != nil {
		t.Errorf("after a walk that was ended: %v", err)
	}
}

func TestInfoZeroAndFlush(t *testing.T) {
	k := open(t)
	info, err := k.Info(t.Context())
	if err != nil || info.Version != [3]uint8{1, 2, 1} || info.Size == 0 {
		t.Errorf("%+v, %v", info, err)
	}
	write(t, k, ipvs.Diff(nil, ipvstest.FullTable(2, 1)))
	if err := k.Zero(t.Context(), ipvs.Key{}); err != nil {
		t.Error(err)
	}
	if err := k.Zero(t.Context(), ipvs.Key{FWMark: 99, Family: ipvs.IPv4}); !errors.Is(err, ipvs.ErrNotExist) {
		t.Errorf("a service that is not there: %v", err)
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if left, err := k.List(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("after a flush: %v, %v", left, err)
	}
}

func TestParseConnection(t *testing.T) {
	c, err := ParseConnection("UDP C0A86280 0FA1 C0A86280 0035 AC19880B 0035 UDP            299 sip call-1@host")
	if err != nil {
		t.Fatal(err)
	}
	if c.Client != netip.MustParseAddrPort("192.168.98.128:4001") || c.Server.Port() != 53 || c.State != "UDP" ||
		c.Expires.Seconds() != 299 || c.PE != "sip" || c.PEData != "call-1@host" {
		t.Errorf("%+v", c)
	}
}

func FuzzParseConnection(f *testing.F) {
	f.Add("TCP C0A86280 0FA1 C0A86280 0050 AC19880B 0050 SYN_RECV 59")
	f.Add("UDP 2001:0db8:0000:0000:0000:0000:0000:0080 0FA1 [::1] 0035 ::1 0035 UDP 299 sip x")
	f.Fuzz(func(t *testing.T, line string) {
		if c, err := ParseConnection(line); err == nil && (!c.Client.IsValid() || c.Expires < 0) {
			t.Errorf("%q became %+v", line, c)
		}
	})
}

func FuzzScanServers(f *testing.F) {
	f.Add([]byte("1\n2\n3\nTCP  0A03F901:0050 wrr  \n  -> AC10F909:1F90      Masq    3      0          0         \n"))
	key := ipvs.Key{Addr: netip.MustParseAddrPort("10.3.249.1:80"), Protocol: ipvs.TCP, Family: ipvs.IPv4}
	f.Fuzz(func(t *testing.T, text []byte) {
		list := []Listed{{Virtual: Virtual{Key: key}}}
		_ = scanServers(bytes.NewReader(text), list, map[ipvs.Key]int{key: 0})
		for _, r := range list[0].Servers {
			if !r.Server.IsValid() {
				t.Errorf("%q became %+v", text, r)
			}
		}
	})
}

func FuzzParseMessages(f *testing.F) {
	f.Add(serviceBody(ipvstest.Web, ipvs.Service{Scheduler: "rr"}))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _, _ = parseVirtual(body)
		_, _, _, _ = parseDest(body, ipvs.IPv4)
		_, _ = parseInfo(body)
	})
}

func TestModules(t *testing.T) {
	seen := map[string]bool{}
	modules([]byte("kernel/net/netfilter/ipvs/ip_vs_sh.ko.xz: kernel/x.ko\nip_vs_wrr 16384 0 - Live\n"), seen)
	if !seen["ip_vs_sh"] || !seen["ip_vs_wrr"] || len(seen) != 2 {
		t.Errorf("%v", seen)
	}
	if os.Geteuid() == 0 {
		t.Logf("this kernel has %v", Schedulers())
	}
}
