package ipvsadm

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// TestOurOwnCases compares what was never measured: each line of the file is
// a command on a table of one service and one server. The listing behind it
// tells what it did.
func TestOurOwnCases(t *testing.T) {
	b := newBench(t)
	file, err := os.Open("testdata/commands.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	agree, all := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c := witnessCase{ID: line, Setup: seed, Steps: []step{{Args: line}}}
		if stdin, found := strings.CutPrefix(line, "<"); found {
			c.Steps = []step{{Args: "-R", Stdin: strings.ReplaceAll(stdin, "|", "\n")}}
		}
		all++
		if _, same := b.compare(t, &c); same {
			agree++
		}
	}
	t.Logf("%d of %d commands agree", agree, all)
}

var seed = []string{
	"-A -t 10.0.0.1:80 -s rr",
	"-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m",
	"-a -t 10.0.0.1:80 -r [2001:db8::7]:80 -i",
}

// TestGeneratedCases compares random commands, most of them right, one by one
// and then together in one restore, and every listing of the table that they
// make.
func TestGeneratedCases(t *testing.T) {
	b := newBench(t)
	rng := rand.New(rand.NewPCG(7, 31))
	listings := []string{"-Ln", "-L", "-Sn", "-S", "-Ln --thresholds", "-Ln --tun-info", "-Ln --persistent-conn", "-Ln --stats",
		"-Ln --rate", "-L --rate --exact", "-Ln --nosort", "-L --timeout"}
	var ran, done, restored int
	for round := range 16 {
		g := newGenerator(rng)
		single := witnessCase{ID: fmt.Sprintf("round %d", round)}
		for range 20 + rng.IntN(50) {
			single.Steps = append(single.Steps, step{Args: g.command()})
		}
		commands := len(single.Steps)
		for _, l := range listings {
			single.Steps = append(single.Steps, step{Args: l})
		}
		outcomes, same := b.compare(t, &single)
		if !same {
			t.Fatalf("%s: %v", single.ID, single.Steps)
		}
		ran += commands
		// A restore ends at the first command that makes no sense, so it gets
		// the others. The kernel's refusals stay: it goes on after those.
		var lines []string
		for i, o := range outcomes[:commands] {
			if o.Exit == statusOK {
				done++
			}
			if o.Exit == statusOK || o.Exit == statusKernel {
				lines = append(lines, single.Steps[i].Args)
			}
		}
		lines = append(lines, "-A "+lastService)
		together := witnessCase{ID: single.ID + ", restored", Steps: []step{{Args: "-R", Stdin: strings.Join(lines, "\n")}, {Args: "-L " + lastService}, {Args: "-Sn"}}}
		outcomes, same = b.compare(t, &together)
		if !same {
			t.Fatalf("%s:\n%s", together.ID, together.Steps[0].Stdin)
		}
		if outcomes[1].Exit != statusOK {
			t.Fatalf("%s: the restore ended before its last line:\n%s", together.ID, together.Steps[0].Stdin)
		}
		restored += len(lines)
	}
	t.Logf("%d generated commands ran one by one, %d of them with success, and %d lines of restores, and all agree", ran, done, restored)
	if ran < 600 || done < 200 || restored < 500 {
		t.Error("too few commands ran to tell anything")
	}
}

// lastService is not among those of a generator: where it is there, a restore
// reached its end.
const lastService = "-u 192.0.2.254:9"

// generator makes commands about a few services and servers.
type generator struct {
	*rand.Rand
	services, servers []string
}

func newGenerator(rng *rand.Rand) generator {
	g := generator{Rand: rng}
	for range 8 {
		g.services = append(g.services, g.one(allServices...))
		g.servers = append(g.servers, g.one(allServers...))
	}
	return g
}

var allServices = []string{
	"-t 10.0.0.1:80", "-t 10.0.0.2:443", "-u 10.0.0.1:53", "--udp-service=10.0.0.9:5060", "--sctp-service 10.0.0.1:80",
	"-t [2001:db8::1]:80", "-u [2001:db8::1]:53", "-t [fd00::1]:80", "-t [3000::1]:80", "-t [fd00::1]:443", "-t [2001:db8:8000::1]:80",
	"-f 7", "-f 7 -6", "-f 2 -6", "-f 4294967290", "-f 2147483648 -6", "-f 2147483647", "-t 192.0.2.1:80", "-t 200.0.0.1:80", "-t 9.0.0.1:80",
	"-t 100.0.0.1:80", "-t director.test:http", "-t web1.test:80", "-t 10.9.9.9:8080", "-t [2001:db8::81]:80", "-t [::1.2.3.4]:80", "-t [::]:80",
}

var allServers = []string{
	"10.1.1.1:80", "10.1.1.2", "10.1.1.3:8080", "10.9.9.9:http", "web1.test", "200.1.1.1:80", "192.0.2.7:443", "9.1.1.1",
	"[2001:db8::11]:80", "[2001:db8::12]:8080", "2001:db8::13", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8::81]:443",
	"[fd00::9]:80", "[3000::7]:80", "32.1.13.184:80", "fd00::a", "127.0.0.1:80",
}

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// maybe is one of them or nothing.
func (g generator) maybe(of ...string) string {
	if g.IntN(3) > 0 {
		return ""
	}
	return " " + g.one(of...)
}

// forwarding is one that fits the two, except now and then.
func (g generator) forwarding(service, server string) string {
	mixed := (strings.Contains(service, "[") || strings.Contains(service, "-6")) != strings.Contains(server, "::")
	if mixed && g.IntN(8) > 0 {
		return g.one("-i", "-i", "-i --tun-type gue --tun-port 6080", "-i --tun-type gue --tun-port=6080 --tun-remcsum", "-i --tun-type gre --tun-csum")
	}
	return g.one("-m", "-g", "-i", "-m", "", "-i --tun-type gue --tun-port 6080", "-i --tun-type gre")
}

// scheduler is one with flags that fit it, except now and then.
func (g generator) scheduler() string {
	if g.IntN(8) == 0 {
		return g.maybe("-s rr", "-s nosuch", "--scheduler=sed") + g.maybe("-b sh-port", "-b mh-fallback", "-b flag-3", "-b nosuch")
	}
	return g.maybe("-s rr", "-s wrr", "-s sh", "-s mh", "-s lblcr", "--scheduler=sed", "-s sh -b sh-port", "-s mh -b mh-fallback,mh-port",
		"-b flag-1,flag-2", "-s rr -b flag-3", "-s mh -b flag-2,flag-3")
}

// mask is one for the service's family, except now and then.
func (g generator) mask(service string) string {
	six := strings.Contains(service, "[") || strings.Contains(service, "-6")
	switch {
	case g.IntN(8) == 0:
		return g.maybe("-M 255.255.255.0", "-M 64", "-M 129")
	case six:
		return g.maybe("-M 64", "--netmask 128")
	}
	return g.maybe("-M 255.255.255.0", "-M 255.0.255.0", "-M 24")
}

func (g generator) command() string {
	service, server := g.one(g.services...), g.one(g.servers...)
	switch g.IntN(10) {
	case 0, 1, 2:
		ops := ""
		if !strings.HasPrefix(service, "-t") || g.IntN(8) == 0 {
			ops = g.maybe("-o", "--ops")
		}
		return g.one("-A ", "-A ", "-A ", "-E ") + service + g.scheduler() +
			g.maybe("-p", "-p 600", "--persistent=5", "-p77", "-p 60 --pe sip", "--pe nosuch") + g.mask(service) + ops
	case 3, 4, 5, 6, 7:
		return g.one("-a ", "-a ", "-a ", "-e ") + service + " -r " + server + " " + g.forwarding(service, server) +
			g.maybe("-w 0", "-w 5", "-w 65536", "-w 2147483647") + g.maybe("-x 100", "-x 10 -y 5", "-y 3")
	case 8:
		return g.one("-d "+service+" -r "+server, "-d "+service+" -r "+server, "-D "+service)
	}
	return g.one("-Z "+service, "-Z", "--set 0 0 5", "--set 77 0 0", "-A -Q", "-Ln", "-Ln "+service, "-Ln "+service+" --stats")
}
