package integration

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// silence opens connections through the first VIP that say nothing after the
// handshake.
func silence(t *testing.T, p *rig.Pair, n int) *traffic.Silent {
	t.Helper()
	echo := netip.AddrPortFrom(p.VIP(), lab.EchoPort)
	s, err := traffic.OpenSilent(t.Context(), p.Client(), []netip.AddrPort{echo}, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// unknown returns which of the clients have no entry in a director's table of
// connections.
func unknown(t *testing.T, p *rig.Pair, d lab.Director, clients []netip.AddrPort) (missing []netip.AddrPort) {
	t.Helper()
	known, err := p.Director(d).Connections()
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range clients {
		if !slices.ContainsFunc(known, func(c lab.Connection) bool { return c.Client == client }) {
			missing = append(missing, client)
		}
	}
	return missing
}

// waitKnown waits until a director knows every one of the clients.
func waitKnown(t *testing.T, p *rig.Pair, d lab.Director, clients []netip.AddrPort) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("director %s knows %d connections", d, len(clients)), func() error {
		if missing := unknown(t, p, d, clients); len(missing) > 0 {
			return fmt.Errorf("%d are unknown", len(missing))
		}
		return nil
	})
}

// A connection that is silent after its handshake is known to the other
// director, be it tandem or keepalived, and survives the loss of the one that
// it went through. A UDP service with one packet a flow pays for that; how much
// is logged.
func TestSilentConnectionsSurviveAPowerLoss(t *testing.T) {
	for name, other := range map[string]string{"tandem takes over": rig.Tandem(), "keepalived takes over": rig.Keepalived} {
		t.Run(name, func(t *testing.T) {
			p := rig.NewIPVS(t, lab.Options{})
			o := quick
			o.Extra = datagramService(p)
			p.Start(t, lab.A, p.Config(t, lab.A, o))
			p.StartAs(t, lab.B, other, p.Config(t, lab.B, o))
			p.WaitOwner(t, p.VIP(), "a")
			for _, d := range []lab.Director{lab.A, lab.B} {
				p.WaitForwarding(t, d)
			}
			silent := silence(t, p, 8)
			waitKnown(t, p, lab.B, silent.Clients())

			tap := listenSync(t, p)
			flows := oneDatagramEach(t, p, 200)
			waitKnown(t, p, lab.B, flows)
			rig.Until(t, "the witness has heard of them all", func() error {
				if c := tap.cost(); c.entries < len(flows) {
					return fmt.Errorf("heard %s", c)
				}
				return nil
			})
			t.Logf("%d UDP flows of one packet cost %s", len(flows), tap.cost())

			if err := p.PowerLoss(lab.A); err != nil {
				t.Fatal(err)
			}
			p.WaitOwner(t, p.VIP(), "b")
			for _, u := range silent.Speak(t.Context(), rig.Patience) {
				if u.Outcome != traffic.Served {
					t.Errorf("the first line of %s through the other director was %s", u.Client, u.Outcome)
				}
			}
		})
	}
}

// What tandem's sync settings are for: a keepalived pair, which leaves the
// kernel its own, never learns of a silent connection.
func TestKeepalivedPairNeverLearnsOfSilentConnections(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	o := quick
	o.Extra = datagramService(p)
	for _, d := range []lab.Director{lab.A, lab.B} {
		p.StartAs(t, d, rig.Keepalived, p.Config(t, d, o))
	}
	p.WaitOwner(t, p.VIP(), "a")
	p.WaitForwarding(t, lab.A)
	silent := silence(t, p, 8)
	tap := listenSync(t, p)
	flows := oneDatagramEach(t, p, 200)
	// Connections that talk, and began later, do arrive: so would the others.
	talk := converse(t, p, 4)
	waitKnown(t, p, lab.B, talk.Clients())
	talk.mustGoOn(t, "when the other director knows them")
	if missing := unknown(t, p, lab.B, silent.Clients()); len(missing) != len(silent.Clients()) {
		t.Errorf("%d of %d silent connections are unknown to the other director, want all of them", len(missing), len(silent.Clients()))
	}
	t.Logf("%d UDP flows of one packet and %d connections that talk cost a keepalived pair %s", len(flows), len(talk.Clients()), tap.cost())
}

// datagramService is a virtual_server of UDP.
func datagramService(p *rig.Pair) string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s %d {\nlb_algo rr\nlb_kind DR\nprotocol UDP\n", p.VIP(), traffic.UDPPort)
	for _, leg := range p.Plan().Servers {
		fmt.Fprintf(&b, "real_server %s %d {\nTCP_CHECK {\nconnect_port %d\n}\n}\n", leg.Addr, traffic.UDPPort, lab.EchoPort)
	}
	fmt.Fprintln(&b, "}")
	return b.String()
}

// oneDatagramEach sends one datagram each from n sockets to the UDP service and
// returns their addresses.
func oneDatagramEach(t *testing.T, p *rig.Pair, n int) (clients []netip.AddrPort) {
	t.Helper()
	service := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.VIP(), traffic.UDPPort))
	for range n {
		c, err := p.Client().ListenPacket(t.Context(), "udp4", netip.AddrPortFrom(p.Plan().Client.Addr, 0).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.WriteTo([]byte("one"), service); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return clients
}

// tap hears the sync messages on the inside link, as any host there does.
type tap struct {
	mu    sync.Mutex
	heard syncCost // Guarded by mu.
}

// syncCost is what the synchronisation put on the link.
type syncCost struct{ messages, entries, bytes int }

func (c syncCost) String() string {
	return fmt.Sprintf("%d sync messages of %d entries and %d bytes", c.messages, c.entries, c.bytes)
}

// listenSync joins the group of the kernel's sync daemons at the witness.
func listenSync(t *testing.T, p *rig.Pair) *tap {
	t.Helper()
	var c *net.UDPConn
	err := p.Witness().Do(func() error {
		link, err := net.InterfaceByName(lab.InsideLink)
		if err != nil {
			return err
		}
		c, err = net.ListenMulticastUDP("udp4", link, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 81), Port: 8848})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	heard := &tap{}
	go heard.listen(c)
	return heard
}

func (h *tap) listen(c *net.UDPConn) {
	b := make([]byte, 65536)
	for {
		n, err := c.Read(b)
		if err != nil {
			return // Closed.
		}
		h.mu.Lock()
		h.heard.messages++
		h.heard.bytes += n
		if n > 4 {
			h.heard.entries += int(b[4]) // struct ip_vs_sync_mesg, nr_conns.
		}
		h.mu.Unlock()
	}
}

func (h *tap) cost() syncCost {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.heard
}

// Both sync daemons run on both directors from the start with the same id, and
// a change of roles neither stops nor restarts one: stopping discards what was
// not sent.
func TestSyncDaemonsOutliveRoleChanges(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	older := syncThreads(t)
	p.StartBoth(t, quick)
	daemons := func() (list []string) {
		for _, d := range []lab.Director{lab.A, lab.B} {
			for line := range strings.Lines(rig.Must(t, p.Director(d), "ipvsadm", "-Ln", "--daemon")) {
				list = append(list, fmt.Sprintf("%s %s", d, strings.TrimSpace(line)))
			}
		}
		return list
	}
	rig.Until(t, "four sync daemons run", func() error {
		if list := daemons(); len(list) != 4 {
			return fmt.Errorf("there are %q", list)
		}
		return nil
	})
	for _, line := range daemons() {
		if !strings.Contains(line, "syncid=51,") || !strings.Contains(line, "mcast=inside,") {
			t.Errorf("a sync daemon with other parameters than configured: %s", line)
		}
	}
	for _, d := range []lab.Director{lab.A, lab.B} {
		if s := p.Status(t, d).Sync; s == nil || !s.Master || !s.Backup || s.SyncID != 51 {
			t.Errorf("director %s has as its status of the synchronisation %+v", d, s)
		}
	}
	before := syncThreads(t)
	if n := len(before) - len(older); n != 4 {
		t.Fatalf("%d sync threads were started, want 4: %v", n, before)
	}

	if err := p.LinkDown(lab.A, lab.Outside); err != nil {
		t.Fatal(err)
	}
	p.WaitOwner(t, p.VIP(), "b")
	if err := p.LinkUp(lab.A, lab.Outside); err != nil {
		t.Fatal(err)
	}
	p.WaitOwner(t, p.VIP(), "a")
	if diff := cmp.Diff(before, syncThreads(t)); diff != "" {
		t.Errorf("sync threads after a failover and a failback (-before +after):\n%s", diff)
	}
	p.Kill(t, lab.A)
	p.Start(t, lab.A, p.Config(t, lab.A, quick))
	p.WaitOwner(t, p.VIP(), "a")
	if diff := cmp.Diff(before, syncThreads(t)); diff != "" {
		t.Errorf("sync threads after a restart that followed kill -9 (-before +after):\n%s", diff)
	}
}

// syncThreads returns the process ids of all sync threads of the kernel, of
// every namespace.
func syncThreads(t *testing.T) (ids []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		comm, err := os.ReadFile(name)
		// "ipvs-m:0:0" and "ipvs-b:0:0" (start_sync_thread in the kernel's
		// net/netfilter/ipvs/ip_vs_sync.c).
		if err == nil && (strings.HasPrefix(string(comm), "ipvs-m:") || strings.HasPrefix(string(comm), "ipvs-b:")) {
			ids = append(ids, filepath.Base(filepath.Dir(name)))
		}
	}
	return ids
}
