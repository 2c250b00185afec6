package integration

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// model is a way to a real server.
type model struct {
	name            string
	kind            string // As lb_kind takes it.
	option          string // As ipvsadm saves it; empty: nothing but the method.
	service, server uint16 // Ports.
	crossed         bool   // The real servers are of the other family.
	summed          bool   // They are known by the addresses where GRE has checksums.
}

// models are all of them. Each has a port of its own at the VIPs.
var models = []model{
	{name: "NAT", kind: "NAT", option: "-m", service: 9001, server: 9001},
	{name: "NAT to another port", kind: "NAT", option: "-m", service: 80, server: 8080},
	{name: "DR", kind: "DR", option: "-g", service: 9003, server: 9003},
	{name: "TUN ipip", kind: "TUN", option: "-i", service: 9004, server: 9004},
	{name: "TUN gue", kind: "TUN type gue port 6080", option: "--tun-type gue --tun-port 6080 --tun-nocsum", service: 9005, server: 9005},
	{name: "TUN gre", kind: "TUN type gre", option: "--tun-type gre", service: 9006, server: 9006},
	{name: "TUN gue, checksum", kind: "TUN type gue port 6080 csum", option: "--tun-type gue --tun-port 6080 --tun-csum", service: 9008, server: 9008},
	{name: "TUN gue, remote checksum", kind: "TUN type gue port 6080 remcsum", option: "--tun-type gue --tun-port 6080 --tun-remcsum", service: 9009, server: 9009},
	{name: "TUN gre, checksum", kind: "TUN type gre csum", option: "--tun-type gre --tun-csum", service: 9010, server: 9010, summed: true},
	{name: "TUN to the other family", kind: "TUN", option: "-i", service: 9007, server: 9007, crossed: true},
}

// cell is a model of one protocol and family.
type cell struct {
	model
	protocol traffic.Protocol
	vip      netip.Addr
}

// cells are the rows of the matrix, each by its protocols and families.
func cells(p lab.Plan) (all []cell) {
	for _, m := range models {
		for _, vip := range []netip.Addr{p.VIPs[0], p.VIPs6[0]} {
			for _, protocol := range []traffic.Protocol{traffic.TCP, traffic.UDP, traffic.SCTP} {
				all = append(all, cell{m, protocol, vip})
			}
		}
	}
	return all
}

// target is the service.
func (c cell) target() netip.AddrPort { return netip.AddrPortFrom(c.vip, c.service) }

// backend is real server i of the service.
func (c cell) backend(p lab.Plan, i int) netip.AddrPort {
	leg := p.Servers[i]
	if c.summed {
		leg = p.Summed[i]
	}
	a := leg.For(c.vip)
	if c.crossed && c.vip.Is6() {
		a = leg.Addr
	} else if c.crossed {
		a = leg.Addr6
	}
	return netip.AddrPortFrom(a, c.server)
}

// ear is where real server i must listen: NAT changes the address, the other
// methods leave the VIP.
func (c cell) ear(p lab.Plan, i int) netip.AddrPort {
	return earOf(c.kind, c.backend(p, i), c.target())
}

func (c cell) config(p lab.Plan) string {
	v := virtualServer{at: at(c.target()), protocol: c.protocol, algo: "rr", kind: c.kind}
	for i := range p.Servers {
		v.servers = append(v.servers, realServer{at: c.backend(p, i), weight: 1})
	}
	return v.String()
}

// Every model carries real bytes in every protocol and family: a dozen clients
// are answered, in turn by each real server, from the virtual address, and the
// servers see the clients' own addresses. The director's kernel is as it comes:
// that it forwards, and redirects nobody past itself, is tandem's doing.
func TestModelsCarryEveryProtocolAndFamily(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All})
	all := cells(p.Plan())
	o := calm
	o.NoSync = true // IPVS synchronises no connections of one family to servers of the other.
	for _, c := range all {
		o.Extra += c.config(p.Plan())
		for i := range p.Plan().Servers {
			hear(t, p, i, c.protocol, c.ear(p.Plan(), i))
		}
	}
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(all))
	p.WaitVirtual(t, lab.A)

	const clients = 12
	matrix := make(map[string]string)
	for _, c := range all {
		answers, err := visitAll(p, c.protocol, c.target(), clients)
		name := fmt.Sprintf("%s %s %s", c.name, c.protocol, family(c.vip))
		matrix[name] = fmt.Sprintf("%d/%d", answers.total(), clients)
		if want := (answered{"s1": 4, "s2": 4, "s3": 4}); !maps.Equal(answers, want) {
			t.Errorf("%s: %d clients are answered by %v, want %v; %v", name, clients, answers, want, err)
		}
	}
	t.Logf("clients answered, by model, protocol and family:\n%s", renderMatrix(matrix))
	for name, want := range map[string]string{"ip_forward": "1", "conf/all/send_redirects": "0", "conf/inside/send_redirects": "0"} {
		if got := rig.Must(t, p.Director(lab.A), "cat", "/proc/sys/net/ipv4/"+name); strings.TrimSpace(got) != want {
			t.Errorf("%s is %q at the director, want %s for NAT", name, got, want)
		}
	}
	saved := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Sn")
	for _, c := range all {
		if n := countLines(saved, " "+c.target().String()+" ", " -r ", c.option); n == 0 {
			t.Errorf("%s: the kernel has no real server of %s with %q:\n%s", c.name, c.target(), c.option, saved)
		}
	}
}

// What no kernel can do is refused before it is tried, in words that say why.
func TestImpossibleModelsAreRefused(t *testing.T) {
	plan := lab.NewPlan(lab.All, nil)
	for _, row := range []struct {
		what   string
		kind   string
		server netip.AddrPort
		sync   bool
		words  string
	}{
		{"NAT to the other family", "NAT", netip.AddrPortFrom(plan.Servers[0].Addr6, 9001), false, "only TUN crosses families"},
		{"DR to the other family", "DR", netip.AddrPortFrom(plan.Servers[0].Addr6, 9001), false, "only TUN crosses families"},
		{"TUN to the other family, synchronised", "TUN", netip.AddrPortFrom(plan.Servers[0].Addr6, 9001), true, "the kernel synchronises no connections"},
		{"DR to another port", "DR", netip.AddrPortFrom(plan.Servers[0].Addr, 8080), false, "DR leaves the port"},
		{"TUN to another port", "TUN", netip.AddrPortFrom(plan.Servers[0].Addr, 8080), false, "TUN leaves the port"},
		{"GRE with a port", "TUN type gre port 6080", netip.AddrPortFrom(plan.Servers[0].Addr, 9001), false, "port"},
		{"GUE without a port", "TUN type gue", netip.AddrPortFrom(plan.Servers[0].Addr, 9001), false, "port"},
		{"GRE with a remote checksum", "TUN type gre remcsum", netip.AddrPortFrom(plan.Servers[0].Addr, 9001), false, "remcsum"},
	} {
		t.Run(row.what, func(t *testing.T) {
			o := calm
			o.NoSync = !row.sync
			o.Extra = virtualServer{
				at: at(netip.AddrPortFrom(plan.VIPs[0], 9001)), algo: "rr", kind: row.kind,
				servers: []realServer{{at: row.server, weight: 1}},
			}.String()
			text, err := plan.Config(lab.A, o)
			file := filepath.Join(t.TempDir(), "director.conf")
			if err := errors.Join(err, os.WriteFile(file, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
			said, err := exec.Command(rig.Binary(), "check", "--strict", "-f", file).CombinedOutput()
			if err == nil || countLines(string(said), "error", row.words) == 0 {
				t.Errorf("check says, %v, and not an error of %q:\n%s", err, row.words, said)
			}
		})
	}
}

func family(a netip.Addr) string {
	if a.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

// renderMatrix lays the cells out, a model a line.
func renderMatrix(cells map[string]string) string {
	var columns []string
	for _, f := range []string{"IPv4", "IPv6"} {
		for _, protocol := range []string{"TCP", "UDP", "SCTP"} {
			columns = append(columns, protocol+" "+f)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s", "")
	for _, column := range columns {
		fmt.Fprintf(&b, "%10s", column)
	}
	for _, m := range models {
		fmt.Fprintf(&b, "\n%-26s", m.name)
		for _, column := range columns {
			fmt.Fprintf(&b, "%10s", cells[m.name+" "+column])
		}
	}
	return b.String()
}

// countLines returns how many lines have all of the words.
func countLines(text string, words ...string) (n int) {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			n++
		}
	}
	return n
}
