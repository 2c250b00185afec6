package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// guePort is where the real server of these tests takes GUE.
const guePort = "6080"

// rack is a bare real server behind a director with IPVS rules and nothing
// else. The VIPs are in the network of the real servers, where each host is
// asked for them: that is where real servers go wrong.
type rack struct {
	*rig.Pair
	server     *lab.Host
	vip4, vip6 netip.Addr
	runDir     string
	from4      netip.Addr // The director.
}

func newRack(t *testing.T) *rack {
	t.Helper()
	p := rig.NewIPVS(t, lab.Options{Mode: lab.NAT, DualStack: true}) // The servers of NAT have no VIP.
	plan := p.Plan()
	r := &rack{
		Pair: p, server: p.Server(0), runDir: filepath.Join(t.TempDir(), "run"),
		vip4: sibling(plan.Servers[0].Addr, 100), vip6: sibling(plan.Servers[0].Addr6, 0xfe),
		from4: plan.Legs(lab.A).Inside.Addr,
	}
	for i := range plan.Servers {
		r.must(t, p.Server(i), fmt.Sprintf("ip route replace default via %s && ip -6 route replace default via %s",
			plan.RouterInside.Addr, plan.RouterInside.Addr6))
	}
	r.must(t, p.Director(lab.A), fmt.Sprintf("ip address add %s/32 dev inside && ip address add %s/128 dev inside nodad && sysctl -q -w net.ipv6.conf.all.forwarding=1", r.vip4, r.vip6))
	r.serve(t)
	return r
}

// sibling is the address with another last byte.
func sibling(a netip.Addr, last byte) netip.Addr {
	b := a.AsSlice()
	b[len(b)-1] = last
	s, _ := netip.AddrFromSlice(b)
	return s
}

// webPort is served at every address of the real server.
const webPort = 8081

func (r *rack) serve(t *testing.T) {
	t.Helper()
	l, err := r.server.Listen(t.Context(), "tcp", fmt.Sprintf(":%d", webPort))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bare") })}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// run runs a command on a host and returns what it printed and its status.
func (r *rack) run(t *testing.T, h *lab.Host, argv ...string) (out string, code int) {
	t.Helper()
	var text bytes.Buffer
	p, err := h.Start(t.Context(), lab.Command{Argv: argv, Stdout: &text, Stderr: &text})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	exit, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return text.String(), exit.Code
}

// must runs a shell script.
func (r *rack) must(t *testing.T, h *lab.Host, script string) string {
	t.Helper()
	out, code := r.run(t, h, "/bin/sh", "-ec", script)
	if code != 0 {
		t.Fatalf("%s on %s: status %d\n%s", script, h.Name, code, out)
	}
	return out
}

// realserver runs `tandem realserver` on a host.
func (r *rack) realserver(t *testing.T, h *lab.Host, args ...string) (out string, code int) {
	t.Helper()
	return r.run(t, h, append([]string{rig.Binary(), "realserver"}, append(args, "--run-dir", r.runDir)...)...)
}

// recipe is a way to forward.
type recipe struct {
	name   string
	vip6   bool
	flags  []string // Of tandem realserver.
	server netip.Addr
	ipvs   string // Of ipvsadm.
}

func (r *rack) recipes() []recipe {
	server := r.Plan().Servers[0]
	gue := " --tun-type gue --tun-port " + guePort + " --tun-nocsum"
	return []recipe{
		{"DR", false, []string{"--method", "dr"}, server.Addr, "-g"},
		{"DR, IPv6", true, []string{"--method", "dr", "--dev", "dummy0"}, server.Addr6, "-g"},
		{"TUN", false, []string{"--method", "tun"}, server.Addr, "-i"},
		{"TUN, IPv6", true, []string{"--method", "tun"}, server.Addr6, "-i"},
		{"TUN, IPv6 in IPv4", true, []string{"--method", "tun", "--outer", "4"}, server.Addr, "-i"},
		{"TUN, IPv4 in IPv6", false, []string{"--method", "tun", "--outer", "6"}, server.Addr6, "-i"},
		{"GUE", false, []string{"--method", "gue", "--tun-port", guePort}, server.Addr, "-i" + gue},
		{"GUE, IPv6", true, []string{"--method", "gue", "--tun-port", guePort}, server.Addr6, "-i" + gue},
		{"GRE", false, []string{"--method", "gre"}, server.Addr, "-i --tun-type gre --tun-nocsum"},
		{"GRE, IPv6", true, []string{"--method", "gre"}, server.Addr6, "-i --tun-type gre --tun-nocsum"},
	}
}

func (r *rack) vip(m recipe) netip.Addr {
	if m.vip6 {
		return r.vip6
	}
	return r.vip4
}

// flags is the command line for a model.
func (r *rack) flags(m recipe) []string {
	return append([]string{"--vip", r.vip(m).String()}, m.flags...)
}

// forward makes the director forward by a model.
func (r *rack) forward(t *testing.T, m recipe) netip.AddrPort {
	t.Helper()
	service := netip.AddrPortFrom(r.vip(m), webPort)
	to := netip.AddrPortFrom(m.server, webPort)
	r.must(t, r.Director(lab.A), fmt.Sprintf("ipvsadm -C; ipvsadm -A -t %s -s rr; ipvsadm -a -t %s -r %s %s", service, service, to, m.ipvs))
	return service
}

// state is what a host is set to: whatever up could have changed.
func (r *rack) state(t *testing.T, h *lab.Host) string {
	t.Helper()
	return r.must(t, h, `ip -o address; ip -br link; ip route show table all; ip -6 route show table all
		grep -H . /proc/sys/net/ipv4/conf/*/*_filter /proc/sys/net/ipv4/conf/*/arp_*; ip fou show; ip -6 fou show`)
}

// faults runs verify and returns the names of the checks that say FAIL.
func (r *rack) faults(t *testing.T, h *lab.Host, args ...string) (checks []string, findings []finding) {
	t.Helper()
	out, code := r.realserver(t, h, append([]string{"verify", "--json"}, args...)...)
	text, _, _ := strings.Cut(out, "\ntandem: ")
	if err := json.Unmarshal([]byte(text), &findings); err != nil {
		t.Fatalf("verify %v: %v\n%s", args, err, out)
	}
	for _, f := range findings {
		if f.Severity == "FAIL" && !slices.Contains(checks, f.Check) {
			checks = append(checks, f.Check)
		}
	}
	if (code != 0) != (len(checks) > 0) {
		t.Errorf("verify ended with %d and says FAIL to %v", code, checks)
	}
	return checks, findings
}

// finding is what verify --json prints.
type finding struct{ Severity, Check, Text, Fix string }

// oneOwner asks, as a third host, who has the VIP: only the director.
func (r *rack) oneOwner(t *testing.T, vip netip.Addr) {
	t.Helper()
	macs := r.owners(t, vip)
	if want := []string{r.Plan().Legs(lab.A).Inside.MAC.String()}; !slices.Equal(macs, want) {
		t.Errorf("%s is answered for by %v, want the director %v", vip, macs, want)
	}
}

// owners is what the witness's own kernel learns: it asks by trying to reach
// the VIP, and a packet socket sees each answer.
func (r *rack) owners(t *testing.T, vip netip.Addr) []string {
	t.Helper()
	witness := r.Witness()
	r.must(t, witness, fmt.Sprintf("ip neigh flush dev inside; ip neigh del %s dev inside 2>/dev/null || true", vip))
	conn, err := witness.ListenPacket(t.Context(), "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.WriteTo([]byte("who"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(vip, 9))); err != nil {
		t.Fatal(err)
	}
	var macs []string
	rig.Until(t, "the witness knows who has "+vip.String(), func() error {
		out := r.must(t, witness, fmt.Sprintf("ip neigh show %s dev inside", vip))
		words := strings.Fields(out)
		i := slices.Index(words, "lladdr")
		if i < 0 {
			return fmt.Errorf("it has %q", out)
		}
		macs = []string{words[i+1]}
		return nil
	})
	return macs
}
