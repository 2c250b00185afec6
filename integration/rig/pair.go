// Package rig is what the black-box tests share: the binary under test, a lab
// with running real servers and the directors that a test starts in it, and
// eyes on what these do. It knows nothing of tandem but its command line, its
// log and its status as JSON.
package rig

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// Pair is a lab for a director pair.
type Pair struct {
	*lab.Lab
	// Servers answer on the real servers from the start.
	Servers []*traffic.Server
	// Loop carries them, and talkers too.
	Loop *traffic.Loop

	logs [2]*Log
}

// New builds a lab whose real servers answer, on this kernel as it is. It goes
// with the test.
func New(t testing.TB, o lab.Options) *Pair {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	l, err := lab.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := &Pair{Lab: l, logs: [2]*Log{{}, {}}}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for i, log := range p.logs {
			if t.Failed() {
				t.Logf("director %s said:\n%s", lab.Director(i+1), log)
			}
		}
	})
	p.serve(t)
	return p
}

// serve starts the real servers.
func (p *Pair) serve(t testing.TB) {
	t.Helper()
	var err error
	if p.Loop, err = traffic.NewLoop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Loop.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	plan := p.Plan()
	for i, leg := range plan.Servers {
		s := &traffic.Server{Name: fmt.Sprintf("s%d", i+1), Net: p.Server(i), Loop: p.Loop, Addresses: []netip.Addr{leg.Addr}}
		if leg.Addr6.IsValid() {
			s.Addresses = append(s.Addresses, leg.Addr6)
		}
		if plan.Mode != lab.NAT {
			s.Addresses = append(append(s.Addresses, plan.VIPs...), plan.VIPs6...)
		}
		if err := s.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Servers = append(p.Servers, s)
	}
}

// NewIPVS is New for tests that need IPVS in the kernel; elsewhere it skips.
func NewIPVS(t testing.TB, o lab.Options) *Pair {
	t.Helper()
	lab.Require(t)
	return New(t, o)
}

// VIP returns the first virtual address.
func (p *Pair) VIP() netip.Addr { return p.Plan().VIPs[0] }

// Config returns a director's configuration from the lab's plan.
func (p *Pair) Config(t testing.TB, d lab.Director, o lab.ConfigOptions) string {
	t.Helper()
	text, err := p.Plan().Config(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Launch starts a director by a command template and waits for nothing.
func (p *Pair) Launch(t testing.TB, d lab.Director, command, text string) {
	t.Helper()
	if name := lab.DirectorCommand(command, "", "", "")[0]; name == "keepalived" {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("no keepalived to pair with: apt-get install keepalived")
		}
	}
	if err := p.WriteConfig(d, text); err != nil {
		t.Fatal(err)
	}
	if _, err := p.StartDirector(t.Context(), d, command, p.Log(d)); err != nil {
		t.Fatal(err)
	}
}

// StartAs starts a director by a command template and waits until it answers,
// where it is tandem.
func (p *Pair) StartAs(t testing.TB, d lab.Director, command, text string) {
	t.Helper()
	p.Launch(t, d, command, text)
	if command != Tandem() {
		return
	}
	Until(t, fmt.Sprintf("tandem answers at director %s", d), func() error {
		conn, err := net.Dial("unix", filepath.Join(p.Files(d).RunDir, "control.sock"))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Start starts tandem as a director with this configuration and waits until it
// answers.
func (p *Pair) Start(t testing.TB, d lab.Director, text string) {
	t.Helper()
	p.StartAs(t, d, Tandem(), text)
}

// StartBoth starts tandem on both directors from the lab's plan and waits until
// A holds the first VIP and B has heard so.
func (p *Pair) StartBoth(t testing.TB, o lab.ConfigOptions) {
	t.Helper()
	for _, d := range []lab.Director{lab.A, lab.B} {
		p.Start(t, d, p.Config(t, d, o))
	}
	p.WaitOwner(t, p.VIP(), "a")
	Until(t, "director b hears the master", func() error {
		for _, i := range p.Status(t, lab.B).Instances {
			if i.State != "BACKUP" || i.Received == 0 {
				return fmt.Errorf("instance %s is %s and has heard %d adverts", i.Name, i.State, i.Received)
			}
		}
		return nil
	})
}

// Log returns what a director has said so far, in all its runs.
func (p *Pair) Log(d lab.Director) *Log { return p.logs[d-1] }

// Signal sends a signal to a director.
func (p *Pair) Signal(t testing.TB, d lab.Director, s syscall.Signal) {
	t.Helper()
	if err := p.Process(d).Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Kill ends a director and all it has started at once, as kill -9 would.
func (p *Pair) Kill(t testing.TB, d lab.Director) {
	t.Helper()
	if err := p.Process(d).Kill(); err != nil {
		t.Fatal(err)
	}
}

// WaitExit waits until a director has ended.
func (p *Pair) WaitExit(t testing.TB, d lab.Director) lab.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	exit, err := p.Process(d).Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

// Stop ends a director with SIGTERM and expects exit status 0.
func (p *Pair) Stop(t testing.TB, d lab.Director) {
	t.Helper()
	p.Signal(t, d, syscall.SIGTERM)
	if exit := p.WaitExit(t, d); exit.Code != 0 {
		t.Errorf("director %s ended with %+v after SIGTERM, want exit status 0", d, exit)
	}
}

// Reload gives a running tandem another configuration and waits for its word
// on it, which is in the status that it returns.
func (p *Pair) Reload(t testing.TB, d lab.Director, text string) Status {
	t.Helper()
	if err := p.WriteConfig(d, text); err != nil {
		t.Fatal(err)
	}
	var before time.Time
	if r := p.Status(t, d).Config.LastReload; r != nil {
		before = r.At
	}
	p.Signal(t, d, syscall.SIGHUP)
	var after Status
	Until(t, "the reload is in the status", func() error {
		after = p.Status(t, d)
		if r := after.Config.LastReload; r == nil || !r.At.After(before) {
			return fmt.Errorf("last reload is %+v", r)
		}
		return nil
	})
	return after
}
