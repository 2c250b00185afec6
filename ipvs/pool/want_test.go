package pool

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-ha/tandem/ipvs"
)

// The servers have one-letter names in these tests: a to d are the pool, s
// is the sorry server. Each has one check of its name; a check "+a" may be added.
var names = map[string]ipvs.Server{
	"a": netip.MustParseAddrPort("198.51.100.1:80"),
	"b": netip.MustParseAddrPort("198.51.100.2:80"),
	"c": netip.MustParseAddrPort("198.51.100.3:80"),
	"d": netip.MustParseAddrPort("198.51.100.4:80"),
	"s": netip.MustParseAddrPort("198.51.100.9:80"),
}

func name(addr ipvs.Server) string {
	for n, a := range names {
		if a == addr {
			return n
		}
	}
	return "service"
}

// service makes a service of a, b and so on with the given weights.
func service(weights ...int32) Service {
	cfg := Service{Name: "test", IPVS: ipvs.Service{Scheduler: "wlc"}, Quorum: 1}
	for i, w := range weights {
		n := string(rune('a' + i))
		cfg.Servers = append(cfg.Servers, Server{
			Addr: names[n], Checks: []string{n}, Dest: ipvs.Destination{Weight: w, Forwarding: ipvs.DR, Upper: 100},
		})
	}
	return cfg
}

func (cfg Service) with(change func(*Service)) Service {
	cfg.Servers = slices.Clone(cfg.Servers)
	change(&cfg)
	return cfg
}

func sorry(cfg *Service) {
	cfg.Sorry = &Sorry{Addr: names["s"], Dest: ipvs.Destination{Forwarding: ipvs.NAT}}
}

// inputs reads "a+ b- c? drain:a": a is up, b down, c unknown, a is drained.
func inputs(t *testing.T, s string) Inputs {
	t.Helper()
	in := Inputs{Checks: make(map[string]Health), Drained: make(map[ipvs.Server]bool)}
	for _, word := range strings.Fields(s) {
		if n, ok := strings.CutPrefix(word, "drain:"); ok {
			in.Drained[names[n]] = true
			continue
		}
		n, sign := word[:len(word)-1], word[len(word)-1]
		switch sign {
		case '+':
			in.Checks[n] = Health{Verdict: Up}
		case '-':
			in.Checks[n] = Health{Verdict: Down, Why: "refused"}
		case '?':
		default:
			t.Fatalf("what is %q?", word)
		}
	}
	return in
}

// show writes a table as "a:1 s:0".
func show(e ipvs.Entry) string {
	var words []string
	for addr, d := range e.Destinations {
		words = append(words, fmt.Sprintf("%s:%d", name(addr), d.Weight))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// tell writes changes as "a absent->weight 1 recovered".
func tell(list []Change) string {
	var lines []string
	for _, c := range list {
		line := name(c.Server)
		if c.Server.IsValid() {
			line += fmt.Sprintf(" %s->%s", c.From, c.To)
		}
		lines = append(lines, line+" "+c.Reason.String())
	}
	return strings.Join(lines, "; ")
}

// step is one call of Want with what it shall answer.
type step struct {
	cfg     *Service // nil: as before
	in      string
	table   string
	changes string
}

func TestWant(t *testing.T) {
	three := service(1, 2, 3)
	pair := service(1, 1)
	reload := func(cfg Service, change func(*Service)) *Service {
		c := cfg.with(change)
		return &c
	}
	started := "service quorum gained; a absent->weight 1 configured; b absent->weight 1 configured"
	startedSorry := started + "; s absent->absent configured"
	for _, row := range []struct {
		name  string
		cfg   Service
		steps []step
	}{
		{"unchecked servers serve at the start", pair, []step{
			{in: "a? b?", table: "a:1 b:1", changes: started},
		}},
		{"a server without checks always serves", pair.with(func(c *Service) { c.Servers[0].Checks = nil }), []step{
			{in: "a- b+", table: "a:1 b:1", changes: started},
		}},
		{"a failed server is removed and comes back with its weight", three, []step{
			{in: "a+ b+ c+", table: "a:1 b:2 c:3", changes: "service quorum gained; a absent->weight 1 configured; b absent->weight 2 configured; c absent->weight 3 configured"},
			{in: "a+ b+ c-", table: "a:1 b:2", changes: "c weight 3->absent check failed"},
			{in: "a+ b+ c+", table: "a:1 b:2 c:3", changes: "c absent->weight 3 recovered"},
		}},
		{"one failed check of two is enough", pair.with(func(c *Service) { c.Servers[0].Checks = []string{"a", "+a"} }), []step{
			{in: "a+ +a- b+", table: "b:1", changes: "service quorum gained; a absent->absent configured; b absent->weight 1 configured"},
			{in: "a- +a+ b+", table: "b:1"},
			{in: "a+ +a+ b+", table: "a:1 b:1", changes: "a absent->weight 1 recovered"},
		}},
		{"inhibit_on_failure of the service keeps it with weight 0", pair.with(func(c *Service) { c.Inhibit = true }), []step{
			{in: "a+ b+", table: "a:1 b:1", changes: started},
			{in: "a- b+", table: "a:0 b:1", changes: "a weight 1->weight 0 check failed"},
			{in: "a+ b+", table: "a:1 b:1", changes: "a weight 0->weight 1 recovered"},
		}},
		{"inhibit_on_failure of one server is its own", pair.with(func(c *Service) { c.Servers[0].Inhibit = true }), []step{
			{in: "a- b-", table: "a:0", changes: "service quorum lost; a absent->weight 0 configured; b absent->absent configured"},
		}},
		{"alpha keeps servers out until their first success", pair.with(func(c *Service) { c.Alpha = true }), []step{
			{in: "a? b?", table: "", changes: "service quorum lost; a absent->absent configured; b absent->absent configured"},
			{in: "a+ b?", table: "a:1", changes: "service quorum gained; a absent->weight 1 recovered"},
			{in: "a+ b-", table: "a:1", changes: "b absent->absent check failed"},
		}},
		{"alpha of one server is its own", pair.with(func(c *Service) { c.Servers[1].Alpha = true }), []step{
			{in: "a? b?", table: "a:1", changes: "service quorum gained; a absent->weight 1 configured; b absent->absent configured"},
		}},
		{"alpha with inhibit starts with weight 0", pair.with(func(c *Service) { c.Alpha, c.Inhibit = true, true }), []step{
			{in: "a+ b?", table: "a:1 b:0", changes: "service quorum gained; a absent->weight 1 configured; b absent->weight 0 configured"},
		}},
		{"without a sorry server the rest serve on below quorum", pair.with(func(c *Service) { c.Quorum = 2 }), []step{
			{in: "a+ b+", table: "a:1 b:1", changes: started},
			{in: "a+ b-", table: "a:1", changes: "service quorum lost; b weight 1->absent check failed"},
			{in: "a+ b+", table: "a:1 b:1", changes: "service quorum gained; b absent->weight 1 recovered"},
		}},
		{"the sorry server replaces the rest below quorum", pair.with(func(c *Service) { c.Quorum = 2; sorry(c) }), []step{
			{in: "a+ b+", table: "a:1 b:1", changes: startedSorry},
			{in: "a+ b-", table: "s:1", changes: "service quorum lost; a weight 1->absent quorum lost; b weight 1->absent check failed; s absent->weight 1 sorry server in"},
			{in: "a- b-", table: "s:1", changes: "a absent->absent check failed"},
			{in: "a- b+", table: "s:1", changes: "b absent->absent recovered"},
			{in: "a+ b+", table: "a:1 b:1", changes: "service quorum gained; a absent->weight 1 recovered; b absent->weight 1 quorum gained; s weight 1->absent sorry server out"},
		}},
		{"inhibited servers stay with weight 0 beside the sorry server", pair.with(func(c *Service) { c.Quorum, c.Inhibit = 2, true; sorry(c) }), []step{
			{in: "a+ b-", table: "a:0 b:0 s:1", changes: "service quorum lost; a absent->weight 0 configured; b absent->weight 0 configured; s absent->weight 1 sorry server in"},
			{in: "a+ b+", table: "a:1 b:1", changes: "service quorum gained; a weight 0->weight 1 quorum gained; b weight 0->weight 1 recovered; s weight 1->absent sorry server out"},
		}},
		{"sorry_server_inhibit keeps the sorry server with weight 0", pair.with(func(c *Service) { sorry(c); c.Sorry.Inhibit = true }), []step{
			{in: "a+ b+", table: "a:1 b:1 s:0", changes: started + "; s absent->weight 0 configured"},
			{in: "a- b-", table: "s:1", changes: "service quorum lost; a weight 1->absent check failed; b weight 1->absent check failed; s weight 0->weight 1 sorry server in"},
			{in: "a+ b-", table: "a:1 s:0", changes: "service quorum gained; a absent->weight 1 recovered; s weight 1->weight 0 sorry server out"},
		}},
		{"hysteresis: lost below quorum - hysteresis, gained at quorum + hysteresis", service(1, 1, 1).with(func(c *Service) { c.Quorum, c.Hysteresis = 2, 1; sorry(c) }), []step{
			{in: "a+ b+ c+", table: "a:1 b:1 c:1", changes: "service quorum gained; a absent->weight 1 configured; b absent->weight 1 configured; c absent->weight 1 configured; s absent->absent configured"},
			{in: "a- b+ c+", table: "b:1 c:1", changes: "a weight 1->absent check failed"},
			{in: "a- b- c+", table: "c:1", changes: "b weight 1->absent check failed"},
			{in: "a- b- c-", table: "s:1", changes: "service quorum lost; c weight 1->absent check failed; s absent->weight 1 sorry server in"},
			{in: "a- b+ c+", table: "s:1", changes: "b absent->absent recovered; c absent->absent recovered"},
			{in: "a+ b+ c+", table: "a:1 b:1 c:1", changes: "service quorum gained; a absent->weight 1 recovered; b absent->weight 1 quorum gained; c absent->weight 1 quorum gained; s weight 1->absent sorry server out"},
		}},
		{"a start is judged as a gain", pair.with(func(c *Service) { c.Quorum, c.Hysteresis = 2, 1; sorry(c) }), []step{
			{in: "a+ b+", table: "s:1", changes: "service quorum lost; a absent->absent configured; b absent->absent configured; s absent->weight 1 sorry server in"},
		}},
		{"nobody left loses quorum however great the hysteresis", pair.with(func(c *Service) { c.Hysteresis = 1; sorry(c) }), []step{
			{in: "a+ b+", table: "a:1 b:1", changes: startedSorry},
			{in: "a- b-", table: "s:1", changes: "service quorum lost; a weight 1->absent check failed; b weight 1->absent check failed; s absent->weight 1 sorry server in"},
		}},
		{"a drained server keeps weight 0 until the operator takes it back", pair, []step{
			{in: "a+ b+", table: "a:1 b:1", changes: started},
			{in: "a+ b+ drain:a", table: "a:0 b:1", changes: "a weight 1->weight 0 drained by an operator"},
			{in: "a- b+ drain:a", table: "b:1", changes: "a weight 0->absent check failed"},
			{in: "a+ b+ drain:a", table: "a:0 b:1", changes: "a absent->weight 0 recovered"},
			{in: "a+ b+", table: "a:1 b:1", changes: "a weight 0->weight 1 drain ended"},
		}},
		{"a drain costs no other server its place", pair.with(func(c *Service) { c.Quorum = 2; sorry(c) }), []step{
			{in: "a+ b+ drain:a", table: "a:0 b:1", changes: "service quorum gained; a absent->weight 0 configured; b absent->weight 1 configured; s absent->absent configured"},
		}},
		{"when all are drained the sorry server serves, and connections may end", pair.with(sorry), []step{
			{in: "a+ b+ drain:a", table: "a:0 b:1", changes: "service quorum gained; a absent->weight 0 configured; b absent->weight 1 configured; s absent->absent configured"},
			{in: "a+ b+ drain:a drain:b", table: "a:0 b:0 s:1", changes: "service quorum lost; b weight 1->weight 0 drained by an operator; s absent->weight 1 sorry server in"},
			{in: "a+ b+ drain:b", table: "a:1 b:0", changes: "service quorum gained; a weight 0->weight 1 drain ended; s weight 1->absent sorry server out"},
		}},
		{"the sorry server can be drained", pair.with(sorry), []step{
			{in: "a- b-", table: "s:1", changes: "service quorum lost; a absent->absent configured; b absent->absent configured; s absent->weight 1 sorry server in"},
			{in: "a- b- drain:s", table: "s:0", changes: "s weight 1->weight 0 drained by an operator"},
			{in: "a- b-", table: "s:1", changes: "s weight 0->weight 1 drain ended"},
		}},
		{"a real server that is the sorry server too", pair.with(func(c *Service) { sorry(c); c.Sorry.Addr = names["a"] }), []step{
			{in: "a+ b+", table: "a:1 b:1", changes: started + "; a absent->absent configured"},
			{in: "a- b-", table: "a:1", changes: "service quorum lost; a weight 1->absent check failed; b weight 1->absent check failed; a absent->weight 1 sorry server in"},
			{in: "a+ b-", table: "a:1", changes: "service quorum gained; a absent->weight 1 recovered; a weight 1->absent sorry server out"},
		}},
		{"a real server that is the inhibited sorry server keeps its weight", service(5, 5).with(func(c *Service) { sorry(c); c.Sorry.Addr, c.Sorry.Inhibit = names["a"], true }), []step{
			{in: "a+ b+", table: "a:5 b:5", changes: "service quorum gained; a absent->weight 5 configured; b absent->weight 5 configured; a absent->weight 0 configured"},
		}},
		{"a configured weight of 0 serves nobody", service(0, 1).with(sorry), []step{
			{in: "a+ b+", table: "a:0 b:1", changes: "service quorum gained; a absent->weight 0 configured; b absent->weight 1 configured; s absent->absent configured"},
			{in: "a+ b-", table: "s:1", changes: "service quorum lost; a weight 0->absent quorum lost; b weight 1->absent check failed; s absent->weight 1 sorry server in"},
		}},
		{"reload: a new weight, a new server, one gone", pair, []step{
			{in: "a+ b+ c+", table: "a:1 b:1", changes: started},
			{in: "a+ b+ c+", cfg: reload(three, func(c *Service) { c.Servers = c.Servers[1:] }), table: "b:2 c:3",
				changes: "a weight 1->absent no longer configured; b weight 1->weight 2 configured; c absent->weight 3 configured"},
		}},
		{"reload: a failed server stays out", pair, []step{
			{in: "a- b+", table: "b:1", changes: "service quorum gained; a absent->absent configured; b absent->weight 1 configured"},
			{in: "a- b+", cfg: reload(pair, func(c *Service) { c.Servers[0].Dest.Weight = 7 }), table: "b:1"},
		}},
		{"reload: the sorry server goes and the rest come back", pair.with(func(c *Service) { c.Quorum = 2; sorry(c) }), []step{
			{in: "a+ b-", table: "s:1", changes: "service quorum lost; a absent->absent configured; b absent->absent configured; s absent->weight 1 sorry server in"},
			{in: "a+ b-", cfg: reload(pair, func(c *Service) { c.Quorum = 2 }), table: "a:1", changes: "a absent->weight 1 configured; s weight 1->absent no longer configured"},
		}},
		{"reload: another sorry server", pair.with(sorry), []step{
			{in: "a- b-", table: "s:1", changes: "service quorum lost; a absent->absent configured; b absent->absent configured; s absent->weight 1 sorry server in"},
			{in: "a- b-", cfg: reload(pair, func(c *Service) { sorry(c); c.Sorry.Addr = names["c"] }), table: "c:1", changes: "s weight 1->absent no longer configured; c absent->weight 1 sorry server in"},
		}},
		{"reload: alpha added, unchecked servers leave", pair, []step{
			{in: "a+ b?", table: "a:1 b:1", changes: started},
			{in: "a+ b?", cfg: reload(pair, func(c *Service) { c.Alpha = true }), table: "a:1", changes: "b weight 1->absent configured"},
		}},
		{"reload: a lower quorum ends the sorry server's turn", pair.with(func(c *Service) { c.Quorum = 2; sorry(c) }), []step{
			{in: "a+ b-", table: "s:1", changes: "service quorum lost; a absent->absent configured; b absent->absent configured; s absent->weight 1 sorry server in"},
			{in: "a+ b-", cfg: reload(pair, sorry), table: "a:1", changes: "service quorum gained; a absent->weight 1 quorum gained; s weight 1->absent sorry server out"},
		}},
		{"a service without servers has its sorry server", service().with(sorry), []step{
			{table: "s:1", changes: "service quorum lost; s absent->weight 1 sorry server in"},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg, state := row.cfg, State{}
			for i, s := range row.steps {
				if s.cfg != nil {
					cfg = *s.cfg
				}
				in := inputs(t, s.in)
				before := clone(t, state)
				entry, next, list := Want(cfg, in, state)
				if diff := cmp.Diff(s.table, show(entry)); diff != "" {
					t.Errorf("step %d, table (-want +got):\n%s", i, diff)
				}
				if diff := cmp.Diff(strings.ReplaceAll(s.changes, "; ", "\n"), strings.ReplaceAll(tell(list), "; ", "\n")); diff != "" {
					t.Errorf("step %d, changes (-want +got):\n%s", i, diff)
				}
				if diff := cmp.Diff(before, state, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
					t.Errorf("step %d altered the former state:\n%s", i, diff)
				}
				state = clone(t, next) // as if exported and read back
			}
		})
	}
}

// clone passes a state through JSON, as an export to the next process does.
func clone(t *testing.T, s State) State {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out State
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("read back %s: %v", b, err)
	}
	return out
}

func TestWantKeepsTheRestOfADestination(t *testing.T) {
	cfg := service(3).with(sorry)
	entry, _, _ := Want(cfg, inputs(t, "a+"), State{})
	want := map[ipvs.Server]ipvs.Destination{names["a"]: {Weight: 3, Forwarding: ipvs.DR, Upper: 100}}
	if diff := cmp.Diff(want, entry.Destinations, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Error(diff)
	}
	if entry.Service != cfg.IPVS {
		t.Errorf("service %+v, want %+v", entry.Service, cfg.IPVS)
	}
	entry, _, _ = Want(cfg, inputs(t, "a-"), State{})
	want = map[ipvs.Server]ipvs.Destination{names["s"]: {Weight: 1, Forwarding: ipvs.NAT}}
	if !maps.Equal(want, entry.Destinations) {
		t.Errorf("sorry server %+v, want %+v", entry.Destinations, want)
	}
}

func TestFailureNamesItsCheck(t *testing.T) {
	_, state, _ := Want(service(1, 1), inputs(t, "a+ b+"), State{})
	_, _, list := Want(service(1, 1), inputs(t, "a- b+"), state)
	if len(list) != 1 || list[0].To.Check != "a" || list[0].To.Why != "refused" || !list[0].Moved() {
		t.Errorf("got %+v", list)
	}
}
