package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	r.forward(t)
	return r
}

// sibling is the address with another last byte.
func sibling(a netip.Addr, last byte) netip.Addr {
	b := a.AsSlice()
	b[len(b)-1] = last
	s, _ := netip.AddrFromSlice(b)
	return s
}

// webPort is the first of the ports that are served at every address of the
// real server; each recipe has one.
const webPort = 8081

func (r *rack) serve(t *testing.T) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bare") })}
	ended := make(chan error)
	recipes := r.recipes()
	for _, m := range recipes {
		l, err := r.server.Listen(t.Context(), "tcp", fmt.Sprintf(":%d", m.port))
		if err != nil {
			t.Fatal(err)
		}
		go func() { ended <- server.Serve(l) }()
	}
	t.Cleanup(func() {
		_ = server.Close()
		for range recipes {
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		}
	})
}

// run runs a command on a host and returns what it printed and its status.
func (r *rack) run(ctx context.Context, t *testing.T, h *lab.Host, argv ...string) (out string, code int) {
	t.Helper()
	var text bytes.Buffer
	p, err := h.Start(ctx, lab.Command{Argv: argv, Stdout: &text, Stderr: &text})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, rig.Patience)
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
	out, code := r.run(t.Context(), t, h, "/bin/sh", "-ec", script)
	if code != 0 {
		t.Fatalf("%s on %s: status %d\n%s", script, h.Name, code, out)
	}
	return out
}

// realserver runs `tandem realserver` on a host.
func (r *rack) realserver(t *testing.T, h *lab.Host, args ...string) (out string, code int) {
	t.Helper()
	return r.run(t.Context(), t, h, append([]string{rig.Binary(), "realserver"}, append(args, "--run-dir", r.runDir)...)...)
}

// recipe is a way to forward.
type recipe struct {
	name   string
	vip6   bool
	flags  []string // Of tandem realserver.
	server netip.Addr
	ipvs   string // Of ipvsadm.
	port   uint16
}

func (r *rack) recipes() []recipe {
	server := r.Plan().Servers[0]
	gue := " --tun-type gue --tun-port " + guePort + " --tun-nocsum"
	list := []recipe{
		{"DR", false, []string{"--method", "dr"}, server.Addr, "-g", 0},
		{"DR, IPv6", true, []string{"--method", "dr", "--dev", "dummy0"}, server.Addr6, "-g", 0},
		{"TUN", false, []string{"--method", "tun"}, server.Addr, "-i", 0},
		{"TUN, IPv6", true, []string{"--method", "tun"}, server.Addr6, "-i", 0},
		{"TUN, IPv6 in IPv4", true, []string{"--method", "tun", "--outer", "4"}, server.Addr, "-i", 0},
		{"TUN, IPv4 in IPv6", false, []string{"--method", "tun", "--outer", "6"}, server.Addr6, "-i", 0},
		{"GUE", false, []string{"--method", "gue", "--tun-port", guePort}, server.Addr, "-i" + gue, 0},
		{"GUE, IPv6", true, []string{"--method", "gue", "--tun-port", guePort}, server.Addr6, "-i" + gue, 0},
		{"GRE", false, []string{"--method", "gre"}, server.Addr, "-i --tun-type gre --tun-nocsum", 0},
		{"GRE, IPv6", true, []string{"--method", "gre"}, server.Addr6, "-i --tun-type gre --tun-nocsum", 0},
	}
	for i := range list {
		list[i].port = webPort + uint16(i)
	}
	return list
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

// service is where the director forwards by a model.
func (r *rack) service(m recipe) netip.AddrPort { return netip.AddrPortFrom(r.vip(m), m.port) }

// forward makes the director forward by all models, each at its own port.
func (r *rack) forward(t *testing.T) {
	t.Helper()
	var rules strings.Builder
	for _, m := range r.recipes() {
		to := netip.AddrPortFrom(m.server, m.port)
		fmt.Fprintf(&rules, "-A -t %s -s rr\n-a -t %s -r %s %s\n", r.service(m), r.service(m), to, m.ipvs)
	}
	r.must(t, r.Director(lab.A), fmt.Sprintf("ipvsadm -R <<'END'\n%sEND\n", &rules))
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
