package drill

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// readyLimit bounds the wait for a healthy pair: an election, the first checks
// of every real server, and the slow start of processes in a test kernel.
const readyLimit = 20 * time.Second

// stage is one lab with its real servers and a pair of directors.
type stage struct {
	lab     *lab.Lab
	plan    lab.Plan
	pair    Pair
	config  lab.ConfigOptions
	bounds  Bounds
	servers []*traffic.Server
	logs    [2]*tail

	loop    *traffic.Loop
	endLoop func() error
}

// raise builds a lab, starts the real servers and both directors, and waits
// until the pair is healthy. What it leaves after an error is nothing.
func raise(ctx context.Context, o Options, p Pair, active bool) (*stage, error) {
	l, err := lab.New(ctx, lab.Options{Mode: o.Mode, VIPs: vips(active)})
	if err != nil {
		return nil, err
	}
	s := &stage{lab: l, plan: l.Plan(), pair: p, logs: [2]*tail{{}, {}}}
	if err := s.carry(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.config = configOptions(o, s.plan, active)
	s.bounds = bounds(s.plan, s.config)
	if err := s.populate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s: %w%s", p.Name, err, s.lastWords()), s.close())
	}
	return s, nil
}

// carry starts the loop that carries the traffic.
func (s *stage) carry(ctx context.Context) (err error) {
	if s.loop, err = traffic.NewLoop(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.loop.Run(ctx) }()
	s.endLoop = func() error {
		cancel()
		return <-ended
	}
	return nil
}

func (s *stage) populate(ctx context.Context) error {
	for i, leg := range s.plan.Servers {
		server := &traffic.Server{Name: fmt.Sprintf("s%d", i+1), Net: s.lab.Server(i), Loop: s.loop, Addresses: []netip.Addr{leg.Addr}}
		if s.plan.Mode != lab.NAT {
			server.Addresses = append(server.Addresses, s.plan.VIPs...)
		}
		if err := server.Up(ctx); err != nil {
			return err
		}
		s.servers = append(s.servers, server)
	}
	for _, d := range []lab.Director{lab.A, lab.B} {
		if err := s.start(ctx, d); err != nil {
			return err
		}
	}
	return s.ready(ctx)
}

// start writes a director's configuration and starts it.
func (s *stage) start(ctx context.Context, d lab.Director) error {
	text, err := s.plan.Config(d, s.config)
	if err != nil {
		return err
	}
	if err := s.lab.WriteConfig(d, text); err != nil {
		return err
	}
	command := s.pair.A
	if d == lab.B {
		command = s.pair.B
	}
	_, err = s.lab.StartDirector(ctx, d, command, s.logs[d-1])
	return err
}

// ready waits until each VIP is where it belongs and nowhere else, both
// directors have every real server in every service, and the client is
// answered through every VIP.
func (s *stage) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		if err := s.ended(); err != nil {
			return err
		}
		why := s.unready(ctx)
		if why == "" {
			return nil
		}
		wait(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("wait for a healthy pair: %s after %s", why, readyLimit)
		}
	}
}

// unready returns what keeps the pair from being healthy, "" for nothing.
func (s *stage) unready(ctx context.Context) string {
	for i, vip := range s.plan.VIPs {
		master := lab.A
		if s.config.ActiveActive && i == 1 {
			master = lab.B
		}
		for _, d := range []lab.Director{lab.A, lab.B} {
			if has, err := s.lab.Director(d).HasAddress(vip); err != nil || has != (d == master) {
				return fmt.Sprintf("%s at %s is %v (error %v)", vip, d, has, err)
			}
		}
	}
	for _, d := range []lab.Director{lab.A, lab.B} {
		table, err := s.lab.Director(d).IPVS()
		if err != nil || len(table) < services*len(s.plan.VIPs) {
			return fmt.Sprintf("director %s has the services %v, of %d (error %v)", d, table, services*len(s.plan.VIPs), err)
		}
		for i, leg := range s.plan.Servers {
			if n := traffic.Serving(table, leg.Addr); n != len(table) {
				return fmt.Sprintf("director %s sends to s%d in %d of %d services", d, i+1, n, len(table))
			}
		}
	}
	visitors, err := traffic.OpenSilent(ctx, s.lab.Client(), s.targets(), len(s.plan.VIPs))
	if err != nil {
		return fmt.Sprintf("no connection through the VIP (%v)", err)
	}
	for _, u := range visitors.Speak(ctx, time.Second) {
		if u.Outcome != traffic.Served {
			return fmt.Sprintf("a connection through %s is %s", u.Target, u.Outcome)
		}
	}
	return ""
}

// ended returns an error where a director's process has ended.
func (s *stage) ended() error {
	for _, d := range []lab.Director{lab.A, lab.B} {
		exit, ended := s.lab.Process(d).Exited()
		switch {
		case ended && exit.Signal != 0:
			return fmt.Errorf("director %s was ended by %s", d, exit.Signal)
		case ended:
			return fmt.Errorf("director %s ended with status %d", d, exit.Code)
		}
	}
	return nil
}

// targets are the line echo services, one for each VIP.
func (s *stage) targets() []netip.AddrPort {
	targets := make([]netip.AddrPort, len(s.plan.VIPs))
	for i, vip := range s.plan.VIPs {
		targets[i] = netip.AddrPortFrom(vip, lab.EchoPort)
	}
	return targets
}

// lastWords returns the end of both directors' logs.
func (s *stage) lastWords() string {
	var b strings.Builder
	for _, d := range []lab.Director{lab.A, lab.B} {
		if log := s.logs[d-1].String(); log != "" {
			fmt.Fprintf(&b, "\nlast words of director %s:\n%s", d, log)
		}
	}
	return b.String()
}

// close ends the directors and the real servers and removes the lab.
func (s *stage) close() error {
	err := s.lab.Close()
	for _, server := range s.servers {
		server.Down()
	}
	if s.endLoop != nil {
		err = errors.Join(err, s.endLoop())
	}
	return err
}
