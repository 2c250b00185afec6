package conf

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSimulate tells what becomes of VI_1 when eth1 of this director fails, and
// without a failure.
func TestSimulate(t *testing.T) {
	tests := []struct {
		name, this, other string
		calm, failed      string
	}{
		{"a fault", "priority 150\ntrack_interface { eth1 }", "priority 100",
			"priority 150, the other's 100: this director is master",
			"FAULT, the other's 100: the other director takes over, and after the repair this director"},
		{"a weight that is enough", "priority 150\ntrack_interface {\neth1 weight -60\n}", "priority 100",
			"priority 150, the other's 100: this director is master",
			"priority 90, the other's 100: the other director takes over, and after the repair this director"},
		{"a weight that is not", "priority 150\ntrack_interface {\neth1 weight -20\n}", "priority 100",
			"priority 150, the other's 100: this director is master",
			"priority 130, the other's 100: this director stays master"},
		{"a weight that makes both equal", "priority 150\ntrack_interface {\neth1 weight -50\n}", "priority 100",
			"priority 150, the other's 100: this director is master",
			"priority 100, the other's 100: this director stays master"},
		{"a peer that does not preempt", "priority 150\ntrack_interface {\neth1 weight -60\n}", "priority 100\nnopreempt",
			"priority 150, the other's 100: this director is master",
			"priority 90, the other's 100: this director stays master"},
		{"a fault, and both do not preempt", "priority 150\nnopreempt\ntrack_interface { eth1 }", "priority 100\nnopreempt",
			"priority 150, the other's 100: this director is master",
			"FAULT, the other's 100: the other director takes over, and keeps it after the repair"},
		{"a backup", "priority 100\ntrack_interface { eth1 }", "priority 150",
			"priority 100, the other's 150: the other director is master",
			"FAULT, the other's 150: the other director stays master"},
		{"equal priorities", "track_interface { eth1 }", "",
			"priority 100, the other's 100: the files do not tell who is master",
			"FAULT, the other's 100: the other director takes over, and keeps it after the repair"},
		{"equal priorities and known addresses", "mcast_src_ip 192.0.2.10\ntrack_interface { eth1 }", "mcast_src_ip 192.0.2.9",
			"priority 100, the other's 100: this director is master",
			"FAULT, the other's 100: the other director takes over, and keeps it after the repair"},
		{"the other is an owner", "priority 200\ntrack_interface { eth1 }", "priority 255",
			"priority 200, the other's 255: the other director is master",
			"FAULT, the other's 255: the other director stays master"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := Simulate(readText(t, director("", tt.this)), readText(t, director("", tt.other)))
			if got, want := all[0].String(), "VI_1: "+tt.calm; got != want {
				t.Errorf("without a failure\ngot  %s\nwant %s", got, want)
			}
			for _, o := range all {
				if o.Failure == "interface eth1 is down" && o.At == This {
					if got, want := o.String(), "interface eth1 is down at this director: VI_1: "+tt.failed; got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					return
				}
			}
			t.Error("nothing is said of eth1")
		})
	}
}

// TestSimulateKinds tells what each kind of tracked thing does that fails, in
// words: with a weight of the block that defines it, of the line, or none.
func TestSimulateKinds(t *testing.T) {
	this := director(`vrrp_script chk {
script /bin/true
weight -60
}
vrrp_script fatal {
script /bin/true
}
track_file load {
file /run/load
}
vrrp_track_process proxy {
process haproxy
weight 10
}
bfd_instance core {
neighbor_ip 192.0.2.254
}`, `priority 150
track_script {
chk
fatal
}
track_file { load weight -100 }
track_process { proxy weight -254 }
track_bfd { core weight -10 }
track_interface { eth1 weight -100 reverse }`)
	want := `VI_1: priority 150, the other's 120: this director is master
interface eth0 is down at this director: VI_1: FAULT, the other's 120: the other director takes over, and after the repair this director
interface eth1 is down at this director: VI_1: priority 250, the other's 120: this director stays master
vrrp_script chk fails at this director: VI_1: priority 90, the other's 120: the other director takes over, and after the repair this director
vrrp_script fatal fails at this director: VI_1: FAULT, the other's 120: the other director takes over, and after the repair this director
track_file load holds 1 at this director: VI_1: priority 50, the other's 120: the other director takes over, and after the repair this director
vrrp_track_process proxy is gone at this director: VI_1: FAULT, the other's 120: the other director takes over, and after the repair this director
bfd_instance core is down at this director: VI_1: priority 140, the other's 120: this director stays master
interface eth0 is down at the other director: VI_1: FAULT, the other's 150: this director stays master
`
	all := Simulate(readText(t, this), readText(t, director("", "priority 120")))
	if diff := cmp.Diff(want, sentences(all)); diff != "" {
		t.Errorf("want and got differ (-want +got):\n%s", diff)
	}
}

// TestSimulateGroups tells what becomes of instances that are tied together at
// one director, at both or at none.
func TestSimulateGroups(t *testing.T) {
	group := "vrrp_sync_group G {\ngroup { VI_1\nVI_2 }\n}"
	tests := []struct {
		name, this, other, want string
	}{
		{"a fault of one is that of both", director(group, "priority 150\ntrack_interface { eth1 }", "priority 150"), director(group, "", ""),
			"VI_1: priority 150, the other's 100: this director is master\n" +
				"VI_2: priority 150, the other's 100: this director is master\n" +
				"interface eth1 is down at this director: VI_1: FAULT, the other's 100: the other director takes over, and after the repair this director\n" +
				"interface eth1 is down at this director: VI_2: FAULT, the other's 100: the other director takes over, and after the repair this director\n"},
		{"priorities that cross: the lowest member decides, and nobody preempts", director(group, "priority 150\ntrack_interface { eth1 }", "priority 90"), director(group, "priority 80", "priority 140"),
			"VI_1: priority 150, the other's 80: this director is master\n" +
				"VI_2: priority 90, the other's 140: this director is master\n" +
				"interface eth1 is down at this director: VI_1: FAULT, the other's 80: the other director takes over, and keeps it after the repair\n" +
				"interface eth1 is down at this director: VI_2: FAULT, the other's 140: the other director takes over, and keeps it after the repair\n"},
		{"a group at one director only, which loses both where it loses one", director(group, "priority 150", "priority 90"), director("", "priority 100", "priority 100\ntrack_interface { eth1 }"),
			"VI_1: priority 150, the other's 100: the other director is master\n" +
				"VI_2: priority 90, the other's 100: the other director is master\n" +
				"interface eth1 is down at the other director: VI_1: priority 100, the other's 150: this director takes over, and after the repair the other director\n" +
				"interface eth1 is down at the other director: VI_2: FAULT, the other's 90: this director takes over, and after the repair the other director\n"},
		{"a failure beside an instance that is open as it is", director("", "priority 150\ntrack_interface { eth1 }", ""), director("", "", ""),
			"VI_1: priority 150, the other's 100: this director is master\n" +
				"VI_2: priority 100, the other's 100: the files do not tell who is master\n" +
				"interface eth1 is down at this director: VI_1: FAULT, the other's 100: the other director takes over, and after the repair this director\n"},
		{"an instance that the other has not", director("", "priority 150", "priority 150\ntrack_interface { eth1 }"), director("", "priority 100"),
			"VI_1: priority 150, the other's 100: this director is master\n" +
				"VI_2: priority 150: this director is master\n" +
				"interface eth1 is down at this director: VI_2: FAULT: nobody is master, and after the repair this director\n"},
		{"one that only the other has, on an interface of another name", director("", "priority 150"),
			strings.ReplaceAll(director("", "priority 100", "priority 100\ntrack_interface { eth1 }"), "eth0", "ens3"),
			"VI_1: priority 150, the other's 100: this director is master\n" +
				"VI_2: priority 100: the other director is master\n" +
				"interface eth1 is down at the other director: VI_2: FAULT: nobody is master, and after the repair the other director\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Outcome
			for _, o := range Simulate(readText(t, tt.this), readText(t, tt.other)) {
				if o.Failure == "" || strings.Contains(o.Failure, "eth1") {
					got = append(got, o)
				}
			}
			if diff := cmp.Diff(tt.want, sentences(got)); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSimulatePairs holds that the directors elect among what is compared as one
// virtual router: of one VRID on two links of other names it is that with the
// same address.
func TestSimulatePairs(t *testing.T) {
	links := func(priority int, devs ...string) string {
		var b strings.Builder
		for i, dev := range devs {
			fmt.Fprintf(&b, "vrrp_instance on_%s {\ninterface %s\nvirtual_router_id 1\npriority %d\nvirtual_ipaddress { 192.0.2.%d }\n}\n", dev, dev, priority, i+1)
		}
		return b.String()
	}
	this, other := readText(t, links(150, "eth0", "eth1")), readText(t, links(100, "ens0", "ens1"))
	if found := Against(this, other); len(found) > 0 {
		t.Errorf("they are no pair: %v", found)
	}
	want := `on_eth0: priority 150, the other's 100: this director is master
on_eth1: priority 150, the other's 100: this director is master
interface eth0 is down at this director: on_eth0: FAULT, the other's 100: the other director takes over, and after the repair this director
interface eth1 is down at this director: on_eth1: FAULT, the other's 100: the other director takes over, and after the repair this director
interface ens0 is down at the other director: on_ens0: FAULT, the other's 150: this director stays master
interface ens1 is down at the other director: on_ens1: FAULT, the other's 150: this director stays master
`
	if diff := cmp.Diff(want, sentences(Simulate(this, other))); diff != "" {
		t.Errorf("want and got differ (-want +got):\n%s", diff)
	}
	// By their addresses those are rivals that are on links of different names.
	crossed := readText(t, links(100, "eth1", "eth0"))
	if got := Simulate(this, crossed); len(got) != 2+4 || got[2].Peer != 100 {
		t.Errorf("on crossed links:\n%s", sentences(got))
	}
}

// TestSimulateHolds makes pairs of files at random. For each virtual router that
// both have, in the same sync groups: exactly one is master as long as one of
// them is not in FAULT, a director in FAULT is not master, and one that may
// preempt is not kept from it where it is above in the whole group.
func TestSimulateHolds(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 + r.IntN(4)
		head := ""
		if n > 1 && r.IntN(2) == 0 {
			head = "vrrp_sync_group G {\ngroup { VI_1\nVI_2 }\n}"
		}
		file := func() string {
			instances := make([]string, n)
			for i := range instances {
				instances[i] = randomInstance(r)
			}
			return director(head, instances...)
		}
		this, other := file(), file()
		for _, o := range Simulate(readText(t, this), readText(t, other)) {
			here, there := o.Priority, o.Peer
			if o.At == Other {
				here, there = there, here
			}
			switch {
			case (here == 0 && there == 0) != (o.Master == Nobody):
				t.Errorf("%s", o)
			case o.Master == This && here == 0, o.Master == Other && there == 0:
				t.Errorf("a director in FAULT is master: %s", o)
			case (o.Verdict == Lost) != (o.Master == Nobody):
				t.Errorf("the verdict %s: %s", o.Verdict, o)
			}
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%s", seed, this, other)
			}
		}
	}
}

func randomInstance(r *rand.Rand) string {
	s := fmt.Sprintf("priority %d\n", []int{1, 50, 99, 100, 101, 150, 254, 255}[r.IntN(8)])
	if r.IntN(3) == 0 {
		s += "nopreempt\n"
	}
	s += "track_interface {\n"
	for _, dev := range []string{"eth1", "eth2", "eth3"} {
		switch r.IntN(4) {
		case 0:
			s += dev + "\n"
		case 1:
			s += fmt.Sprintf("%s weight %d\n", dev, r.IntN(507)-253)
		case 2:
			s += fmt.Sprintf("%s weight %d reverse\n", dev, r.IntN(507)-253)
		}
	}
	return s + "}\n"
}

// FuzzSimulate holds for any two files: the simulation ends, and of a virtual
// router that nobody holds and of one that one director does the verdict says so.
func FuzzSimulate(f *testing.F) {
	group := "vrrp_sync_group G {\ngroup { VI_1\nVI_2 }\n}"
	f.Add(director(group, "priority 150\ntrack_interface { eth1 weight -60 }", "priority 90"), director("", "nopreempt", "priority 255"))
	f.Add(director(group, "track_interface { eth0 }", ""), director(group, "", "state MASTER"))
	f.Fuzz(func(t *testing.T, a, b string) {
		this, _ := ReadText("a", []byte(a), Options{})
		other, _ := ReadText("b", []byte(b), Options{})
		this.Explain()
		judgeTracking(this, other)
		for _, o := range Simulate(this, other) {
			here, there := o.Priority, max(o.Peer, 0)
			if o.At == Other {
				here, there = there, here
			}
			if o.Master == This && here == 0 && o.Failure != "" || (o.Verdict == Lost) != (o.Master == Nobody) || o.Master == Nobody && here > 0 && there > 0 && len(this.loader.groups)+len(other.loader.groups) == 0 {
				t.Errorf("%s\n%s\n%s", o, a, b)
			}
		}
	})
}
