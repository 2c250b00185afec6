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
		if b.compare(t, &c) {
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

// TestGeneratedCases compares random commands, most of them right, with each
// other's results on random tables, and then every listing of that table.
func TestGeneratedCases(t *testing.T) {
	b := newBench(t)
	rng := rand.New(rand.NewPCG(7, 31))
	listings := []string{"-Ln", "-L", "-Sn", "-S", "-Ln --thresholds", "-Ln --tun-info", "-Ln --persistent-conn", "-Ln --stats", "-Ln --rate", "-Ln --nosort", "-L --timeout"}
	agree, all := 0, 0
	for round := range 30 {
		g := generator{rng}
		var commands []string
		for range 10 + rng.IntN(60) {
			commands = append(commands, g.command())
		}
		c := witnessCase{ID: fmt.Sprintf("round %d", round)}
		c.Steps = append(c.Steps, step{Args: "-R", Stdin: strings.Join(commands, "\n")})
		for range 3 {
			c.Steps = append(c.Steps, step{Args: g.command()})
		}
		for _, l := range listings {
			c.Steps = append(c.Steps, step{Args: l})
		}
		if b.compare(t, &c) {
			agree += len(c.Steps) + len(commands)
		} else {
			t.Logf("%s:\n%s", c.ID, strings.Join(commands, "\n"))
		}
		all += len(c.Steps) + len(commands)
	}
	t.Logf("%d of %d generated commands agree", agree, all)
}

// generator makes commands.
type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// maybe is one of them or nothing.
func (g generator) maybe(of ...string) string {
	if g.IntN(3) > 0 {
		return ""
	}
	return " " + g.one(of...)
}

func (g generator) service() string {
	return g.one("-t 10.0.0.1:80", "-t 10.0.0.2:443", "-u 10.0.0.1:53", "--udp-service=10.0.0.9:5060", "--sctp-service 10.0.0.1:80",
		"-t [2001:db8::1]:80", "-u [2001:db8::1]:53", "-f 7", "-f 7 -6", "-f 4294967290", "-t 200.0.0.1:80", "-t 9.0.0.1:80",
		"-t 100.0.0.1:80", "-t director.test:http", "-t web1.test:80", "-t 10.9.9.9:8080", "-t [2001:db8::81]:80", "-t [::1.2.3.4]:80", "-t [::]:80")
}

func (g generator) server() string {
	return g.one("10.1.1.1:80", "10.1.1.2", "10.1.1.3:8080", "10.9.9.9:http", "web1.test", "200.1.1.1:80", "9.1.1.1", "[2001:db8::11]:80",
		"[2001:db8::12]:8080", "2001:db8::13", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8::81]:443", "127.0.0.1:80")
}

func (g generator) command() string {
	switch g.IntN(10) {
	case 0, 1, 2:
		return g.one("-A ", "-A ", "-A ", "-E ") + g.service() +
			g.maybe("-s rr", "-s wrr", "-s sh", "-s mh", "-s lblcr", "-s nosuch", "--scheduler=sed") +
			g.maybe("-p", "-p 600", "--persistent=5", "-p77") +
			g.maybe("-M 255.255.255.0", "-M 64", "-M 255.0.255.0", "--netmask 128") +
			g.maybe("-b sh-port", "-b flag-1,flag-2", "-b mh-fallback", "-b flag-3", "-b flag-2,flag-3") +
			g.maybe("--pe sip", "--pe nosuch") + g.maybe("-o")
	case 3, 4, 5, 6, 7:
		return g.one("-a ", "-a ", "-a ", "-e ") + g.service() + " -r " + g.server() + " " +
			g.one("-m", "-g", "-i", "-m", "", "-i --tun-type gue --tun-port 6080", "-i --tun-type gue --tun-port=6080 --tun-remcsum",
				"-i --tun-type gre --tun-csum", "-i --tun-type gre") +
			g.maybe("-w 0", "-w 5", "-w 65536", "-w 2147483647") + g.maybe("-x 100", "-x 10 -y 5", "-y 3")
	case 8:
		return g.one("-d "+g.service()+" -r "+g.server(), "-D "+g.service())
	}
	return g.one("-Z "+g.service(), "-Z", "--set 0 0 5", "--set 77 0 0", "-A -Q", "-Ln", "-D "+g.service(), "-Ln "+g.service()+" --stats")
}
