package sysctl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	forward = "net/ipv4/ip_forward"
	all     = "net/ipv4/conf/all/forwarding"
	eth0    = "net/ipv4/conf/eth0/forwarding"
	reuse   = "net/ipv4/vs/conn_reuse_mode"
	defence = "net/ipv4/vs/drop_entry"
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name       string
		entries    map[string]entry
		want, have Settings
		next       map[string]entry
		goals      Settings
	}{
		{"nothing", nil, nil, nil, nil, Settings{}},
		{"what is found is remembered, also when it is right already", nil, Settings{reuse: "1"}, Settings{reuse: "1"},
			map[string]entry{reuse: {Found: "1", Set: "1"}}, Settings{reuse: "1"}},
		{"what was found first counts", map[string]entry{reuse: {Found: "1", Set: "0"}}, Settings{reuse: "5"}, Settings{reuse: "3"},
			map[string]entry{reuse: {Found: "1", Set: "5"}}, Settings{reuse: "5"}},
		{"what does not exist is left alone", nil, Settings{reuse: "1"}, nil, nil, Settings{}},
		{"what is not wanted any more is given back", map[string]entry{reuse: {Found: "1", Set: "0"}}, nil, Settings{reuse: "0"},
			map[string]entry{reuse: {Found: "1", Set: "0"}}, Settings{reuse: "1"}},
		{"but not what somebody else has set", map[string]entry{reuse: {Found: "1", Set: "0"}}, nil, Settings{reuse: "2"},
			map[string]entry{reuse: {Found: "1", Set: "0"}}, Settings{}},
		{"a defence that the kernel turns on and off is left to it", nil, Settings{defence: "1", reuse: "1"}, Settings{defence: "2", reuse: "2"},
			map[string]entry{defence: {Found: "2", Set: "2"}, reuse: {Found: "2", Set: "1"}}, Settings{defence: "2", reuse: "1"}},
		{"and given back in whichever state it is", map[string]entry{defence: {Found: "0", Set: "2"}}, nil, Settings{defence: "1"},
			map[string]entry{defence: {Found: "0", Set: "2"}}, Settings{defence: "0"}},
		{"but not one that is off", nil, Settings{defence: "2"}, Settings{defence: "0"},
			map[string]entry{defence: {Found: "0", Set: "2"}}, Settings{defence: "2"}},
		{
			"a switch takes others along", nil, Settings{forward: "1"},
			Settings{forward: "0", all: "0", eth0: "1", acceptRedirects: "1"},
			map[string]entry{
				forward:         {Found: "0", Set: "1"},
				all:             {Found: "0", Set: "1", With: forward},
				eth0:            {Found: "1", Set: "1", With: forward},
				acceptRedirects: {Found: "1", Set: "0", With: forward},
			},
			Settings{forward: "1"},
		},
		{
			"which stay while it is wanted", map[string]entry{forward: {Found: "0", Set: "1"}, acceptRedirects: {Found: "1", Set: "0", With: forward}},
			Settings{forward: "1"}, Settings{forward: "1", acceptRedirects: "0"},
			map[string]entry{forward: {Found: "0", Set: "1"}, acceptRedirects: {Found: "1", Set: "0", With: forward}},
			Settings{forward: "1"},
		},
		{
			"and come back with it", map[string]entry{forward: {Found: "0", Set: "1"}, acceptRedirects: {Found: "0", Set: "0", With: forward}},
			nil, Settings{forward: "1", acceptRedirects: "0"},
			map[string]entry{forward: {Found: "0", Set: "1"}, acceptRedirects: {Found: "0", Set: "0", With: forward}},
			Settings{forward: "0", acceptRedirects: "0"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, goals := plan(c.entries, c.want, c.have)
			if d := cmp.Diff(c.next, next); d != "" && len(c.next)+len(next) > 0 {
				t.Errorf("record (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.goals, goals); d != "" {
				t.Errorf("goals (-want +got):\n%s", d)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	got := inOrder(Settings{reuse: "", eth0: "", "net/ipv4/conf/default/rp_filter": "", "net/ipv4/conf/all/rp_filter": "", forward: ""})
	want := []string{forward, "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter", eth0, reuse}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
