package complete

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// A firewall reload on the director, as careless as they come, takes tandem's
// rules too. They are back at once, and neither the connections that stand nor
// those that come afterwards are lost; who comes in the moment between may be.
func rulesComeBack(t *testing.T, p *rig.Pair, all []fullNAT) {
	const flushes, visits = 3, 5
	var talks []*traffic.Caller
	for i, f := range all {
		c := call(t, p, f.protocol, visitor(p, i+1, f.at), f.at)
		ask(t, c)
		talks = append(talks, c)
	}
	before := tables(t, p)
	lost, asked := 0, 0
	for n := range flushes {
		repairs := p.Status(t, lab.A).Rules.Repairs
		flushed := time.Now()
		rig.Must(t, p.Director(lab.A), "nft", "flush", "ruleset")
		for i := range visits {
			asked++
			if err := visit(p, all[0], 20+n*visits+i); err != nil {
				t.Logf("after flush %d: %v", n+1, err)
				lost++
			}
		}
		rig.Until(t, "the rules are back", func() error {
			if now := tables(t, p); now != before {
				return fmt.Errorf("before:\n%s\nnow:\n%s", before, now)
			}
			return nil
		})
		rig.Until(t, "status and log tell of the repair of both tables", func() error {
			if now := p.Status(t, lab.A).Rules.Repairs; now < repairs+2 {
				return fmt.Errorf("%d repairs after %d", now, repairs)
			}
			if !lastRepair(p).After(flushed) {
				return errors.New("the log tells of none")
			}
			return nil
		})
		took := lastRepair(p).Sub(flushed)
		t.Logf("flush %d: back %s after nft was started", n+1, took.Round(time.Millisecond))
		if took > 5*time.Second { // It is a second; an emulated machine may stand still.
			t.Errorf("flush %d: the rules were away for %s", n+1, took)
		}
		for i, c := range talks {
			if _, err := c.Ask("still there"); err != nil {
				t.Errorf("%s: a connection was lost with flush %d: %v", all[i], n+1, err)
			}
		}
		if err := visit(p, all[0], 60+n); err != nil {
			t.Errorf("a connection after repair %d is lost: %v", n+1, err)
		}
	}
	t.Logf("%d of %d connections that began within moments of a flush were lost", lost, asked)
}

// lastRepair is when director A last said that it wrote a table again.
func lastRepair(p *rig.Pair) (last time.Time) {
	for line := range strings.Lines(p.Log(lab.A).String()) {
		if !strings.Contains(line, "somebody else changed tandem's nftables table") {
			continue
		}
		stamp, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			last = at
		}
	}
	return last
}

// visit is one connection and one answer.
func visit(p *rig.Pair, f fullNAT, i int) error {
	c, err := traffic.Call(p.Client(), f.protocol, visitor(p, i, f.at), f.at, nothing)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Ask("hello")
	return err
}

// tables are tandem's tables at director A, without what they have counted.
func tables(t *testing.T, p *rig.Pair) string {
	t.Helper()
	return rig.Must(t, p.Director(lab.A), "nft", "--stateless", "list", "ruleset")
}

// What reaches an address of the pool and belongs to no connection gets no
// answer: a reset would end the connection of a real server whose director has
// just gone. A ping does.
func poolResetsNobody(t *testing.T, p *rig.Pair, all []fullNAT) {
	const closed = 4711
	for _, f := range all {
		if f.protocol != traffic.TCP {
			continue
		}
		from := netip.AddrPortFrom(f.farServer(0).Addr(), 0)
		_, err := traffic.Call(p.Server(0), traffic.TCP, from, netip.AddrPortFrom(f.pool, closed), nothing)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a connection to the pool ends with %v, want no answer", f, err)
		}
		// Elsewhere a closed port is answered.
		own := p.Plan().Legs(lab.A).Outside.For(f.pool)
		_, err = traffic.Call(p.Server(0), traffic.TCP, from, netip.AddrPortFrom(own, closed), patience)
		if !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: a connection to the director's own address ends with %v, want %v", f, err, unix.ECONNREFUSED)
		}
	}
	if err := ping(p.Server(0), pool4); err != nil {
		t.Errorf("ping the pool: %v", err)
	}
}

// ping asks an address of IPv4 for an echo.
func ping(from *lab.Host, to netip.Addr) error {
	var c *icmp.PacketConn
	err := from.Do(func() (err error) {
		c, err = icmp.ListenPacket("ip4:icmp", "0.0.0.0")
		return err
	})
	if err != nil {
		return err
	}
	defer c.Close()
	request, err := (&icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: 1, Seq: 1}}).Marshal(nil)
	if err != nil {
		return err
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.WriteTo(request, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return err
	}
	b := make([]byte, 1500)
	for {
		n, by, err := c.ReadFrom(b)
		if err != nil {
			return err
		}
		m, err := icmp.ParseMessage(ipv4.ICMPTypeEcho.Protocol(), b[:n])
		if err == nil && m.Type == ipv4.ICMPTypeEchoReply && strings.HasPrefix(by.String(), to.String()) {
			return nil
		}
	}
}
