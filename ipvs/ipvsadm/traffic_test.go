package ipvsadm

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// expiry is what changes between two looks at a connection.
var expiry = regexp.MustCompile(`\d\d:\d\d  `)

// Both programs tell real connections and counters alike: they look at the
// same ones, one after the other.
func TestConnectionsAndCounters(t *testing.T) {
	b := newBench(t)
	b.reset(t)
	for _, addr := range []string{"192.168.98.128/24", "172.25.136.1/24", "2001:db8::80/64", "2001:db8:1::1/64"} {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			t.Fatal(err)
		}
		a, err := netlink.ParseAddr(addr)
		if err != nil {
			t.Fatal(err)
		}
		a.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, a); err != nil {
			t.Fatal(err)
		}
	}
	setup := []string{
		"-A -u 192.168.98.128:53 -s rr", "-a -u 192.168.98.128:53 -r 172.25.136.11:53 -m",
		"-A -u 192.168.98.128:5060 -s rr -p 60 --pe sip", "-a -u 192.168.98.128:5060 -r 172.25.136.12:5060 -m",
		"-A -u 192.168.98.128:80 -s rr -p 300", "-a -u 192.168.98.128:80 -r 172.25.136.12:8080 -m",
		"-A -u [2001:db8::80]:53 -s rr", "-a -u [2001:db8::80]:53 -r [2001:db8:1::11]:53 -m",
		"-A -u [2001:db8::80]:5060 -s rr -p 60 --pe sip", "-a -u [2001:db8::80]:5060 -r [2001:db8:1::11]:5060 -m",
	}
	if o := b.ours.run(t, "ipvsadm", strings.Join(setup, "\n"), "-R"); o.Exit != 0 {
		t.Fatal(o.stderr)
	}
	const invite = "INVITE sip:bob@example.net SIP/2.0\r\nCall-ID: a84b4c76e66710@pc33.example.net\r\nCSeq: 1 INVITE\r\n\r\n"
	for i, to := range []string{"192.168.98.128:53", "192.168.98.128:5060", "192.168.98.128:80", "[2001:db8::80]:53", "[2001:db8::80]:5060"} {
		for n := range 3 * (i + 1) {
			sendUDP(t, netip.MustParseAddrPort(to), uint16(4001+n%2), invite)
		}
	}
	for _, args := range []string{
		"-Lnc", "-Lc", "-Lnc --persistent-conn", "-Lc --persistent-conn", "-Lnc --sort --exact", "-Ln", "-L", "-Ln --persistent-conn",
		"-Ln --stats", "-L --stats --exact", "-Ln --stats -u 192.168.98.128:80",
	} {
		want := b.original.run(t, "ipvsadm", "", shellWords(args)...)
		got := b.ours.run(t, "ipvsadm", "", shellWords(args)...)
		if strings.Contains(args, "c") && strings.Count(want.Stdout, "\n") < 5 {
			t.Errorf("%s shows no connections:\n%s", args, want.Stdout)
		}
		if d := cmp.Diff(expiry.ReplaceAllString(want.Stdout, ""), expiry.ReplaceAllString(got.Stdout, "")); d != "" || want.Exit != got.Exit {
			t.Errorf("%s (-original +ours):\n%s\n%s", args, d, got.stderr)
		}
	}
}

// sendUDP sends from this thread's namespace, which package net does not
// promise.
func sendUDP(t *testing.T, to netip.AddrPort, from uint16, text string) {
	t.Helper()
	family, bind, dest := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(from)}), unix.Sockaddr(nil)
	if to.Addr().Is4() {
		dest = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	} else {
		family, bind = unix.AF_INET6, &unix.SockaddrInet6{Port: int(from)}
		dest = &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, bind); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(fd, []byte(text), 0, dest); err != nil {
		t.Errorf("send to %s: %v", to, err)
	}
}
