package traffic

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Socket makes a socket on this machine.
func (l *loopback) Socket(family, kind, protocol int) (int, error) {
	return unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
}

// A caller hears who it talks to and how it looks to them, in every transport
// and family that this machine has.
func TestCallersAreTold(t *testing.T) {
	loop := running(t)
	for _, protocol := range []Protocol{TCP, UDP, SCTP} {
		for _, host := range []string{"127.7.7.7", "::1"} {
			t.Run(protocol.String()+" "+host, func(t *testing.T) {
				at := netip.AddrPortFrom(netip.MustParseAddr(host), 7654)
				teller := &Teller{Name: "s1", In: &loopback{}, Loop: loop}
				switch err := teller.Hear(protocol, at); {
				case errors.Is(err, syscall.EPROTONOSUPPORT), errors.Is(err, syscall.EAFNOSUPPORT),
					errors.Is(err, syscall.ESOCKTNOSUPPORT), errors.Is(err, syscall.EADDRNOTAVAIL):
					t.Skip(err)
				case err != nil:
					t.Fatal(err)
				}
				local := netip.AddrPortFrom(at.Addr(), 0)
				c, err := Call(&loopback{}, protocol, local, at, 20*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				for range 2 {
					got, err := c.Ask("hello")
					if want := (Tale{"s1", c.Local}); got != want || err != nil {
						t.Errorf("the answer is %v, %v, want %v", got, err, want)
					}
				}
				teller.Close()
				if _, err := Call(&loopback{}, protocol, local, at, 20*time.Second); protocol == TCP && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("a call after the end: %v, want %v", err, syscall.ECONNREFUSED)
				}
			})
		}
	}
}

func TestCallersLosePatience(t *testing.T) {
	silent, err := socket(&loopback{}, UDP, netip.MustParseAddrPort("127.7.7.8:7654"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(silent)
	c, err := Call(&loopback{}, UDP, netip.MustParseAddrPort("127.7.7.7:0"), netip.MustParseAddrPort("127.7.7.8:7654"), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Ask("hello"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody answers: %v, want %v", err, os.ErrDeadlineExceeded)
	}
}
