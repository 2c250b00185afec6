// Package bare holds the black-box tests of tandem that need no IPVS, or a
// kernel without: what it refuses, how it shares a network with keepalived, and
// that nothing of a lab outlives it. They run on this kernel as it is, in
// namespaces of their own.
package bare

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	rig.Main()
	if os.Getenv(lingerEnv) != "" {
		linger()
	}
	os.Exit(rig.Uncached{M: m}.Run())
}

// one is a configuration of a virtual router and nothing else, for either
// director; its address is the lab's first VIP.
const one = `
vrrp_instance one {
    state BACKUP
    interface outside
    virtual_router_id 51
    version 3
    priority 150
    advert_int 0.2
    virtual_ipaddress {
        192.0.2.100/32
    }
}
`

// service is a virtual server, which needs IPVS.
const service = `
virtual_server 192.0.2.100 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 10.77.0.21 80 {
        TCP_CHECK {
        }
    }
}
`

// start starts tandem at director A with a configuration file of the caller's,
// more arguments following.
func start(t *testing.T, p *rig.Pair, file string, more ...string) (*lab.Process, *rig.Log) {
	t.Helper()
	files, log := p.Files(lab.A), &rig.Log{}
	argv := append([]string{rig.Binary(), "run", "-f", file, "--run-dir", files.RunDir, "--state-dir", files.StateDir}, more...)
	process, err := p.Director(lab.A).Start(t.Context(), lab.Command{Argv: argv, Stderr: log, Stdout: log, RunDir: files.RunDir})
	if err != nil {
		t.Fatal(err)
	}
	return process, log
}

// wait returns how a process ended, once all it said has arrived.
func wait(t *testing.T, process *lab.Process) lab.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	exit, err := process.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

// addresses returns all addresses of a director's host, as one text.
func addresses(t *testing.T, p *rig.Pair, d lab.Director) string {
	t.Helper()
	all, err := p.Director(d).Netlink().AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range all {
		lines = append(lines, a.String())
	}
	return strings.Join(lines, "\n")
}

// noPanic holds that a program ended in its own words.
func noPanic(t *testing.T, log string) {
	t.Helper()
	for _, word := range []string{"goroutine ", "panic:", "runtime error"} {
		if strings.Contains(log, word) {
			t.Errorf("it panicked:\n%s", log)
		}
	}
}

// needKeepalived skips where Debian's keepalived is not installed.
func needKeepalived(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("no keepalived to pair with: apt-get install keepalived")
	}
}
