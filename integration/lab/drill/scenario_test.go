package drill

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
)

func TestChoose(t *testing.T) {
	tests := []struct {
		name   string
		names  []string
		plays  []string // Every scenario that is played, a story each, its scenarios joined.
		chosen []string
	}{
		{
			name:  "a first scenario is played without what follows it",
			names: []string{"power-loss"}, plays: []string{"power-loss"}, chosen: []string{"power-loss"},
		},
		{
			name:  "a return is led to by its failure, which is not reported",
			names: []string{"failback"}, plays: []string{"power-loss failback"}, chosen: []string{"failback"},
		},
		{
			name:  "a group stands for its members",
			names: []string{"link-down"}, plays: []string{"link-down-outside", "link-down-inside"},
			chosen: []string{"link-down-inside", "link-down-outside"},
		},
		{
			name:  "the drill keeps its own order",
			names: []string{"heal", "steady"}, plays: []string{"steady", "partition heal"},
			chosen: []string{"heal", "steady"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cut, chosen, err := choose(tt.names, lab.DR)
			if err != nil {
				t.Fatal(err)
			}
			var plays, names []string
			for _, s := range cut {
				var story []string
				for _, scenario := range s.scenarios {
					story = append(story, scenario.Name)
				}
				plays = append(plays, strings.Join(story, " "))
			}
			for name, yes := range chosen {
				if yes {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			if diff := cmp.Diff(tt.plays, plays); diff != "" {
				t.Errorf("played differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.chosen, names); diff != "" {
				t.Errorf("chosen differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChooseAllByDefault(t *testing.T) {
	_, chosen, err := choose(nil, lab.DR)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"steady", "kill", "power-loss", "stop", "link-down-outside", "link-down-inside", "failback",
		"server-down", "server-back", "partition", "heal", "pause", "active-active",
	} {
		if !chosen[name] {
			t.Errorf("%s is not in the drill", name)
		}
	}
}

func TestChooseNamesWhatThereIs(t *testing.T) {
	_, _, err := choose([]string{"flood"}, lab.DR)
	if err == nil || !strings.Contains(err.Error(), `"flood"`) || !strings.Contains(err.Error(), "power-loss") {
		t.Errorf("error %v, want one that names the unknown and the known", err)
	}
}

func TestNATIsNeverActiveActive(t *testing.T) {
	cut, _, err := choose(nil, lab.NAT)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cut {
		if s.active {
			t.Errorf("%s is in the drill of NAT", s.scenarios[0].Name)
		}
	}
	if _, _, err := choose([]string{"active-active"}, lab.NAT); err == nil {
		t.Error("active-active can be asked for with NAT")
	}
}

func TestScenariosAreSoundlyDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if s.Name == "" || seen[s.Name] || !strings.HasSuffix(s.Does, ".") || s.Runs < 1 || s.event == nil {
			t.Errorf("%+v lacks something or is there twice", s)
		}
		seen[s.Name] = true
	}
}
