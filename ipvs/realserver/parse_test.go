package realserver

import (
	"net/netip"
	"slices"
	"testing"
)

func TestListening(t *testing.T) {
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 500200C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 500200C0:01BB 076433C6:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1
`
	const udp6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07
`
	got := append(listening(tcp, false), listening(udp6, true)...)
	want := []Socket{
		{Addr: netip.IPv4Unspecified(), Port: 80}, {Addr: vip4, Port: 443}, {UDP: true, Addr: netip.IPv6Unspecified(), Port: 53},
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

func TestParsePort(t *testing.T) {
	for text, want := range map[string]Socket{"80": {Port: 80}, "80/tcp": {Port: 80}, "53/udp": {Port: 53, UDP: true}} {
		if got, err := ParsePort(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "65536", "80/sctp", "http", "80 "} {
		if got, err := ParsePort(text); err == nil {
			t.Errorf("%q is %+v, want an error", text, got)
		}
	}
}

// A wish that makes no sense is refused in words of the command line.
func TestWishCheck(t *testing.T) {
	good := wish(DR, vip4)
	tests := []struct {
		name string
		make func(*Wish)
	}{
		{"no VIP", func(w *Wish) { w.VIPs = nil }},
		{"multicast", func(w *Wish) { w.VIPs = []netip.Addr{netip.MustParseAddr("224.0.0.18")} }},
		{"a loopback address", func(w *Wish) { w.VIPs = []netip.Addr{netip.MustParseAddr("127.0.0.1")} }},
		{"the VIP as director", func(w *Wish) { w.From = vip4 }},
		{"unknown method", func(w *Wish) { w.Method = "lvs" }},
		{"a real interface", func(w *Wish) { w.Device = "eth0" }},
		{"unknown way", func(w *Wish) { w.ARP = "none" }},
		{"GUE without port", func(w *Wish) { w.Method = GUE }},
		{"IP version 5", func(w *Wish) { w.Outer = 5 }},
	}
	if err := good.Check(); err != nil {
		t.Errorf("refused: %v", err)
	}
	for _, tt := range tests {
		w := good
		tt.make(&w)
		if w.Check() == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-j DROP -d 192.0.2.80")
	f.Add("Chain OUTPUT (policy ACCEPT)\n-j mangle -s 192.0.2.0/24")
	f.Add("0: 500200C0:01BB 00000000:0000 0A")
	f.Add("53/udp")
	f.Fuzz(func(t *testing.T, text string) {
		for _, one := range parseLegacy(text) {
			if !one.Target.IsValid() {
				t.Errorf("a filter without target: %+v", one)
			}
		}
		for _, one := range listening(text, false) {
			if !one.Addr.IsValid() {
				t.Errorf("a socket without address: %+v", one)
			}
		}
		if port, err := ParsePort(text); err == nil {
			again, err := ParsePort(itoa(int(port.Port)) + map[bool]string{true: "/udp"}[port.UDP])
			if err != nil || again != port {
				t.Errorf("%q is %+v, then %+v, %v", text, port, again, err)
			}
		}
	})
}
