package wire

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// other is a Wire in the far namespace.
func (l *link) other(t *testing.T, sessions ...bfd.Config) (w *Wire, stop func()) {
	t.Helper()
	w = New(slog.New(slog.NewTextHandler(io.Discard, nil)), func(string, bool, string) {})
	w.Set(sessions)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.over(t, func() { w.Run(ctx) })
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return w, stop
}

// TestReload holds that another interval leaves a session up, and that one that
// is taken away is told.
func TestReload(t *testing.T) {
	l := newLink(t, "10.9.0.1/24", "10.9.0.2/24")
	ours := with("here", "10.9.0.2")
	w := speak(t, ours)
	w.await("at the start", false)
	l.other(t, with("there", "10.9.0.1"))
	w.await("the other runs", true)

	ours.MinTx, ours.MinRx = 50*time.Millisecond, 300*time.Millisecond
	w.Set([]bfd.Config{ours})
	second := with("second", "10.9.0.9")
	w.Set([]bfd.Config{ours, second})
	if got := w.await("a session is added", false); got.name != "second" {
		t.Errorf("of the one that was there it is told %+v", got)
	}
	all := w.Status()
	if len(all) != 2 || all[0].State != bfd.Up || all[1].State != bfd.Down {
		t.Errorf("the sessions are %+v", all)
	}

	ours.Neighbor = addr("10.9.0.7")
	w.Set([]bfd.Config{ours})
	if got := w.await("another neighbor", false); got.detail != "nothing heard yet" {
		t.Errorf("it is told %+v", got)
	}
}

// TestTakenAway holds that the neighbor of a session that a reload takes away is
// told, and that a Wire that ends tells all.
func TestTakenAway(t *testing.T) {
	for _, how := range []string{"by a reload", "by the end"} {
		t.Run(how, func(t *testing.T) {
			l := newLink(t, "10.9.0.1/24", "10.9.0.2/24")
			w := speak(t, with("here", "10.9.0.2"))
			w.await("at the start", false)
			far, stop := l.other(t, with("there", "10.9.0.1"))
			w.await("the other runs", true)
			if how == "by a reload" {
				far.Set(nil)
			} else {
				stop()
			}
			if got := w.await("the other is gone", false); !strings.Contains(got.detail, "AdminDown") {
				t.Errorf("it is down since %q", got.detail)
			}
		})
	}
}

// TestDrops holds that what is dropped touches no session.
func TestDrops(t *testing.T) {
	l := newLink(t, "10.9.0.1/24", "10.9.0.2/24")
	l.over(t, func() { prepare(t, l.far, "10.9.0.3/24") })
	w := speak(t, with("here", "10.9.0.2"))
	w.await("at the start", false)
	l.other(t, with("there", "10.9.0.1"))
	w.await("the other runs", true)

	good := bfd.Packet{State: bfd.Down, Mine: 5, Multiplier: 3, DesiredMinTx: time.Second, RequiredMinRx: time.Second}
	strange := good
	strange.Yours = 1
	tests := []struct {
		name, from string
		ttl        int
		payload    []byte
		want       bfd.Drop
	}{
		{"through a router", "10.9.0.2", 254, good.Marshal(), bfd.TTL},
		{"from somebody else", "10.9.0.3", 255, good.Marshal(), bfd.NoSession},
		{"anything from somebody else, which is not even looked at", "10.9.0.3", 255, good.Marshal()[:20], bfd.NoSession},
		{"for a session that is not ours", "10.9.0.2", 255, strange.Marshal(), bfd.NoSession},
		{"cut short", "10.9.0.2", 255, good.Marshal()[:20], bfd.Truncated},
		{"nothing", "10.9.0.2", 255, nil, bfd.Truncated},
		{"much too long", "10.9.0.2", 255, make([]byte, 1400), bfd.Version},
	}
	before := w.Status()[0].Since
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			had := w.Drops()[tt.want.String()]
			l.over(t, func() { throw(t, tt.from, tt.ttl, tt.payload) })
			deadline, again := time.After(longWait), time.NewTicker(time.Millisecond)
			defer again.Stop()
			for w.Drops()[tt.want.String()] == had {
				select {
				case <-again.C:
				case <-deadline:
					t.Fatalf("it is not dropped: %v", w.Drops())
				}
			}
		})
	}
	if now := w.Status()[0]; now.State != bfd.Up || now.Since != before {
		t.Errorf("the session is %+v", now)
	}
}

// throw sends a packet to us.
func throw(t *testing.T, from string, ttl int, payload []byte) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)})
	must(t, err)
	defer conn.Close()
	p := ipv4.NewPacketConn(conn)
	must(t, p.SetTTL(ttl))
	_, err = p.WriteTo(payload, nil, &net.UDPAddr{IP: net.ParseIP("10.9.0.1"), Port: bfd.PortSingleHop})
	must(t, err)
}

// TestNoAddressYet holds that a session whose address is not there yet begins once
// it is.
func TestNoAddressYet(t *testing.T) {
	l := newLink(t, "10.9.0.1/24", "10.9.0.2/24")
	c := with("here", "10.9.0.2")
	c.Source = addr("10.9.0.5")
	w := speak(t, c)
	w.await("at the start", false)
	l.other(t, with("there", "10.9.0.5"))
	prepare(t, l.near, "10.9.0.5/24")
	w.await("the address is there", true)
}
