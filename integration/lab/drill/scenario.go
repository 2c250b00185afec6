package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Scenario is one thing that happens to a healthy pair, and what it may cost.
type Scenario struct {
	Name   string
	Does   string // One sentence.
	Runs   int    // Unless asked otherwise.
	Budget Budget

	// event makes it happen. It may take its time: the figures count from its
	// begin, the watch from its end.
	event func(context.Context, *stage) error
	// owner is who must hold the VIP before the run may end; 0 is anyone.
	owner lab.Director
	// dooms says that the connections of the first real server are expected to
	// die with it.
	dooms bool
	// table is in how many of its services the first real server is, as a
	// share (0 or 1), once the director has noticed; nil: nothing to notice.
	table *int
}

// story is a chain of scenarios on one lab, each beginning where the one before
// ended, so that a return follows its failure without another start.
type story struct {
	active    bool // Both directors hold a VIP.
	scenarios []Scenario
}

// stories returns the whole drill in its order. It is a function because the
// scenarios share pointers to nothing and nobody may change them.
func stories() []story {
	none, all := 0, 1
	failover := Budget{Outage: bound(1.25), Talkers: 0.95}
	alone := func(s Scenario) story { return story{scenarios: []Scenario{s}} }
	return []story{
		alone(Scenario{
			Name: "steady", Does: "Nothing happens: the noise floor of the machine and the measurement.",
			Runs: 1, event: nothing, owner: lab.A,
		}),
		{scenarios: []Scenario{{
			Name: "power-loss", Does: "The master's host is gone at once: links, processes, kernel tables.",
			Runs: 3, Budget: failover, event: powerLoss, owner: lab.B,
		}, {
			Name: "failback", Does: "The lost director returns with empty kernel tables and preempts.",
			Runs: 3, event: revive, owner: lab.A,
		}}},
		alone(Scenario{
			Name: "stop", Does: "SIGTERM to the master: a planned stop.",
			Runs: 3, Budget: Budget{Outage: func(b Bounds) Millis { return b.Skew + 100 }},
			event: terminate, owner: lab.B,
		}),
		alone(Scenario{
			Name: "kill", Does: "SIGKILL to every process of the master; its kernel keeps the VIP and forwards on.",
			Runs: 1, event: kill,
		}),
		alone(Scenario{
			Name: "link-down-outside", Does: "The master's link to the clients loses carrier.",
			Runs: 3, Budget: failover, event: linkDown(lab.Outside), owner: lab.B,
		}),
		alone(Scenario{
			Name: "link-down-inside", Does: "The master's link to the real servers loses carrier.",
			Runs: 3, Budget: failover, event: linkDown(lab.Inside), owner: lab.B,
		}),
		{scenarios: []Scenario{{
			Name: "server-down", Does: "A real server's process dies; its own connections are not counted.",
			Runs: 1, Budget: Budget{Table: func(b Bounds) Millis { return b.Table }},
			event: serverDown, owner: lab.A, dooms: true, table: &none,
		}, {
			Name: "server-back", Does: "The real server's process starts again.",
			Runs: 1, event: serverBack, owner: lab.A, table: &all,
		}}},
		{scenarios: []Scenario{{
			Name: "partition", Does: "Protocol 112 is dropped between the directors; clients reach both.",
			Runs: 3, event: partition(true),
		}, {
			Name: "heal", Does: "The partition ends.",
			Runs: 3, Budget: Budget{OneOwner: func(b Bounds) Millis { return b.Advert + 50 }},
			event: partition(false), owner: lab.A,
		}}},
		alone(Scenario{
			Name: "pause", Does: "SIGSTOP to the master for 3 times the bound, then SIGCONT.",
			Runs: 1, event: pause, owner: lab.A,
		}),
		{active: true, scenarios: []Scenario{{
			Name: "active-active", Does: "Two VIPs, a master on each director; the first VIP's host is gone at once.",
			Runs: 1, event: powerLoss, owner: lab.B,
		}, {
			Name: "active-active-back", Does: "It returns with empty kernel tables and takes its VIP again.",
			Runs: 1, event: revive, owner: lab.A,
		}}},
	}
}

// groups are names that stand for several scenarios.
func groups() map[string][]string {
	return map[string][]string{
		"link-down": {"link-down-outside", "link-down-inside"},
	}
}

// Scenarios returns all scenarios in the order of the drill.
func Scenarios() []Scenario {
	var all []Scenario
	for _, s := range stories() {
		all = append(all, s.scenarios...)
	}
	return all
}

// possible reports whether a forwarding method allows a story: under NAT the
// real servers have one default gateway, so one director must hold all VIPs.
func (s story) possible(m lab.Mode) bool { return !s.active || m != lab.NAT }

// choose returns the stories that lead to the named scenarios, each cut after
// its last chosen one, and the set of the chosen names. No names choose all that
// the forwarding method allows.
func choose(names []string, m lab.Mode) ([]story, map[string]bool, error) {
	chosen := make(map[string]bool)
	known := make(map[string]bool)
	for _, s := range Scenarios() {
		known[s.Name] = true
		chosen[s.Name] = len(names) == 0
	}
	for _, name := range names {
		members, isGroup := groups()[name]
		if !isGroup {
			members = []string{name}
		}
		for _, m := range members {
			if !known[m] {
				return nil, nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(scenarioNames(), ", "))
			}
			chosen[m] = true
		}
	}
	var cut []story
	for _, s := range stories() {
		if len(names) == 0 && !s.possible(m) {
			continue
		}
		last := -1
		for i, scenario := range s.scenarios {
			if chosen[scenario.Name] {
				last = i
			}
		}
		if last >= 0 && !s.possible(m) {
			return nil, nil, fmt.Errorf("%s is not possible with mode nat: the real servers have one default gateway", s.scenarios[last].Name)
		}
		if last >= 0 {
			s.scenarios = s.scenarios[:last+1]
			cut = append(cut, s)
		}
	}
	return cut, chosen, nil
}

func scenarioNames() []string {
	var names []string
	for _, s := range Scenarios() {
		names = append(names, s.Name)
	}
	return names
}

// scenario returns the scenario of a name.
func scenario(name string) (Scenario, bool) {
	all := Scenarios()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return all[i], true
}

// bound returns a limit of x times the bound.
func bound(x Millis) func(Bounds) Millis {
	return func(b Bounds) Millis { return x * b.MasterDown }
}
