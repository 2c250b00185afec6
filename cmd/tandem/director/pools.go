package director

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/pool"
)

// pools is where health becomes forwarding: results of checks go through
// gates to verdicts, verdicts through package pool to the table that IPVS
// shall hold. The goroutine of Run owns the maps; verdicts and quorum outlive
// a reload because they are kept by key.
type pools struct {
	runner *healthcheck.Runner
	want   func(ipvs.Table)
	log    *slog.Logger
	orders chan func()

	services []conf.Service
	retries  map[healthcheck.Key]int
	gates    map[healthcheck.Key]healthcheck.Gate
	states   map[string]pool.State // by the name of the service, which a group keeps whatever its members

	mu      sync.Mutex // guards drained
	drained map[ipvs.Key]map[ipvs.Server]ipvs.Drain
	poke    chan struct{} // drained changed
}

func newPools(runner *healthcheck.Runner, log *slog.Logger) *pools {
	return &pools{
		runner:  runner,
		want:    func(ipvs.Table) {},
		log:     log,
		orders:  make(chan func()),
		gates:   map[healthcheck.Key]healthcheck.Gate{},
		states:  map[string]pool.State{},
		drained: map[ipvs.Key]map[ipvs.Server]ipvs.Drain{},
		poke:    make(chan struct{}, 1),
	}
}

// Run turns results into tables until ctx ends.
func (p *pools) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case order := <-p.orders:
			order()
		case <-p.runner.Ready():
			p.take(p.runner.Take())
		case <-p.poke:
			p.compute()
		}
	}
}

// do runs a function on the goroutine that owns the pools.
func (p *pools) do(ctx context.Context, order func()) error {
	done := make(chan struct{})
	select {
	case p.orders <- func() { order(); close(done) }:
	case <-ctx.Done():
		return fmt.Errorf("ask the pools: %w", ctx.Err())
	}
	<-done
	return nil
}

// set replaces the services. Health, quorum and history of what stays, stay.
// It is called before Run, or through do.
func (p *pools) set(services []conf.Service) {
	p.services = services
	p.retries = map[healthcheck.Key]int{}
	var checks []healthcheck.Check
	known := map[string]bool{}
	for _, s := range services {
		known[s.Name] = true
		for _, c := range s.Checks {
			checks = append(checks, c)
			p.retries[c.Key] = c.Spec.Retries
		}
	}
	maps.DeleteFunc(p.gates, func(k healthcheck.Key, _ healthcheck.Gate) bool { _, ok := p.retries[k]; return !ok })
	maps.DeleteFunc(p.states, func(name string, _ pool.State) bool { return !known[name] })
	p.runner.Set(checks)
	p.compute()
}

// take leads results through their gates; the table is computed anew only
// when a verdict changed.
func (p *pools) take(results []healthcheck.Result) {
	moved := false
	for _, r := range results {
		retries, ok := p.retries[r.Key]
		if !ok {
			continue // of a check that a reload took away
		}
		before := p.gates[r.Key]
		gate, changed := before.Step(r, retries)
		p.gates[r.Key] = gate
		if r.Reason == healthcheck.LocalError && before.Last.Reason != healthcheck.LocalError {
			p.log.Warn("check cannot be made from this host; the verdict stays", "check", r.Key, "verdict", gate.Verdict, "detail", r.Detail)
		}
		if changed {
			p.log.Info("check is "+gate.Verdict.String(), "check", r.Key, "reason", gate.Reason, "detail", gate.Detail, "took", r.Took)
			moved = true
		}
	}
	if moved {
		p.compute()
	}
}

// compute decides what the whole table shall be and says what changes by it.
func (p *pools) compute() {
	table := make(ipvs.Table, len(p.services))
	var said []told
	for _, s := range p.services {
		entry, state, changes := pool.Want(s.Service, p.inputs(s), p.states[s.Name])
		p.states[s.Name] = state
		for _, key := range members(s) {
			table[key] = memberEntry(key, entry)
		}
		if len(changes) > 0 {
			said = append(said, told{s.Name, changes})
		}
	}
	p.want(table) // First: writing takes its time, and so does saying.
	p.sayAll(said)
}

// told is what changed in one service.
type told struct {
	service string
	changes []pool.Change
}

// sayAll says what changed. Of a large configuration that is new, nobody reads
// a line for each server, and there are more than the log's queue takes: above
// fewLines those without news are counted and each is said for --debug alone.
func (p *pools) sayAll(said []told) {
	const fewLines = 100
	isNew := func(c pool.Change) bool {
		return c.Reason == pool.Configured && c.From.Status == 0 || c.Reason == pool.QuorumGained
	}
	servers, news := 0, 0
	for _, t := range said {
		for _, c := range t.changes {
			switch {
			case !isNew(c):
			case c.Server.IsValid():
				servers, news = servers+1, news+1
			default:
				news++
			}
		}
	}
	many := news > fewLines
	if many {
		p.log.Info("services are configured", "services", len(said), "servers", servers)
	}
	debug := p.log.Enabled(context.Background(), slog.LevelDebug)
	for _, t := range said {
		for _, c := range t.changes {
			if !many || debug || !isNew(c) {
				p.say(t.service, c)
			}
		}
	}
}

func (p *pools) inputs(s conf.Service) pool.Inputs {
	inputs := pool.Inputs{Checks: make(map[string]pool.Health, len(s.Checks)), Drained: map[ipvs.Server]bool{}}
	for _, server := range s.Servers {
		if drains := p.drainsOf(s, server); len(drains) == 1+len(s.Also) {
			inputs.Drained[server.Addr] = true
		}
	}
	for _, c := range s.Checks {
		gate := p.gates[c.Key]
		inputs.Checks[string(c.Key)] = pool.Health{Verdict: verdicts[gate.Verdict], Why: why(gate)}
	}
	return inputs
}

// verdicts translates between two packages that must not know each other.
var verdicts = [...]pool.Verdict{
	healthcheck.Unknown: pool.Unknown,
	healthcheck.Up:      pool.Up,
	healthcheck.Down:    pool.Down,
}

// why is a gate's verdict for people.
func why(g healthcheck.Gate) string {
	if g.Detail == "" {
		return g.Reason.String()
	}
	return g.Reason.String() + ": " + g.Detail
}

func (p *pools) say(service string, c pool.Change) {
	log := p.log.With("service", service)
	if !c.Server.IsValid() {
		level := slog.LevelInfo
		if c.Reason == pool.QuorumLost {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, c.Reason.String())
		return
	}
	log = log.With("server", c.Server, "reason", c.Reason, "from", c.From, "to", c.To)
	if c.To.Check != "" {
		log = log.With("check", c.To.Check, "why", c.To.Why)
	}
	if c.To.Status == 0 {
		log.Info("server removed from the configuration")
		return
	}
	log.Info("server is " + c.To.Status.String())
}
