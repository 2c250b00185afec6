package conf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// director is a file of a director whose instances are VI_1, VI_2, ... of the
// VRIDs 1, 2, ... with the statements of each.
func director(head string, instances ...string) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i, more := range instances {
		fmt.Fprintf(&b, "vrrp_instance VI_%d {\ninterface eth0\nvirtual_router_id %d\nvirtual_ipaddress { 192.0.2.%d }\n%s\n}\n", i+1, i+1, i+1, more)
	}
	return b.String()
}

func readText(t *testing.T, text string) *File {
	t.Helper()
	f, found := ReadText("keepalived.conf", []byte(text), Options{})
	if found.Fatal() {
		t.Fatalf("the file is refused: %v", found)
	}
	return f
}

func sentences(all []Outcome) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(o.String() + "\n")
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	group := "vrrp_sync_group G { group { VI_1\n VI_2 } }"
	tests := []struct {
		name, text, want string
	}{
		{"an interface without a weight", director("", "priority 150\ntrack_interface { eth1 }"),
			"VI_1: priority 150: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: FAULT: any peer takes over\n"},
		{"a weight that is lost", director("", "priority 150\ntrack_interface {\neth1 weight 30\n}"),
			"VI_1: priority 180: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: priority 150: a peer above 150 takes over, unless it has nopreempt\n"},
		{"a weight that is taken off", director("", "priority 10\ntrack_interface {\neth1 weight -30\n}"),
			"VI_1: priority 10: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: priority 1: a peer above 1 takes over, unless it has nopreempt\n"},
		{"a weight that comes with the failure", director("", "priority 100\ntrack_interface {\neth1 weight -30 reverse\n}"),
			"VI_1: priority 100: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: priority 130: nothing changes\n"},
		{"an owner", director("", "priority 255\ntrack_interface {\neth1 weight -30\n}"),
			"VI_1: priority 255: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: priority 255: nothing changes\n"},
		{"an interface that may be lost, and a source that may not", director("", "dont_track_primary\ntrack_src_ip\nmcast_src_ip 192.0.2.9"),
			"VI_1: priority 100: nothing changes\n" +
				"address 192.0.2.9 is gone at this director: VI_1: FAULT: any peer takes over\n"},
		{"unicast without a peer", director("", "unicast_fault_no_peer"),
			"VI_1: FAULT: any peer takes over\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n"},
		{"a sync group", director(group, "track_interface {\neth1\neth2 weight -5\n}", ""),
			"VI_1: priority 100: nothing changes\n" +
				"VI_2: priority 100: nothing changes\n" +
				"interface eth0 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth0 is down at this director: VI_2: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth1 is down at this director: VI_2: FAULT: any peer takes over\n" +
				"interface eth2 is down at this director: VI_1: FAULT: any peer takes over\n" +
				"interface eth2 is down at this director: VI_2: FAULT: any peer takes over\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sentences(readText(t, tt.text).Explain())); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
		})
	}
}
