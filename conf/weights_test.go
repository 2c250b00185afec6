package conf

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// judgeTracking returns the useless weights of both files.
func judgeTracking(this, other *File) Diagnostics {
	sides := newContest(this.cast(), other.cast()).uselessWeights()
	found := slices.Concat(sides[0], sides[1])
	found.Sort()
	return found
}

// TestUselessWeights compares the weights of a director with the other one.
func TestUselessWeights(t *testing.T) {
	scripts := "vrrp_script chk {\nscript /bin/true\n}\nvrrp_script more {\nscript /bin/true\n}\n"
	group := scripts + "vrrp_sync_group G {\ngroup { VI_1\nVI_2 }\nsync_group_tracking_weight\n}"
	tests := []struct {
		name        string
		this, other string
		want        string
	}{
		{"a weight that is enough",
			director(scripts, "priority 150\ntrack_script { chk weight -51 }"), director("", "priority 100"), ""},
		{"a weight that is too small",
			director(scripts, "priority 150\ntrack_script { chk weight -20 }"), director("", "priority 100"),
			"keepalived.conf:13:16: warning: vrrp_instance VI_1: track_script chk: weight -20 can never move the addresses: it leaves 130, and the other director has 100 (a weight of -51 or beyond would)\n"},
		{"a weight that makes both equal",
			director("", "priority 150\ntrack_interface { eth1 weight -50 }"), director("", "priority 100"),
			"keepalived.conf:7:19: warning: vrrp_instance VI_1: track_interface eth1: weight -50 can never move the addresses: it leaves 100, and the other director has 100: of equal ones the master stays (a weight of -51 or beyond would)\n"},
		{"a weight that is earned",
			director("", "priority 150\ntrack_interface { eth1 weight 10 }"), director("", "priority 100"),
			"keepalived.conf:7:19: warning: vrrp_instance VI_1: track_interface eth1: weight 10 can never move the addresses: it leaves 150, and the other director has 100 (a priority below 100 would let it)\n"},
		{"two weights that are enough together",
			director(scripts, "priority 150\ntrack_script {\nchk weight -30\nmore weight -30\n}"), director("", "priority 100"),
			"keepalived.conf:14:1: note: vrrp_instance VI_1: track_script chk: weight -30 alone does not move the addresses: it leaves 120, and the other director has 100 (a weight of -51 or beyond would)\n" +
				"keepalived.conf:15:1: note: vrrp_instance VI_1: track_script more: weight -30 alone does not move the addresses: it leaves 120, and the other director has 100 (a weight of -51 or beyond would)\n"},
		{"the other does not preempt",
			director(scripts, "priority 150\ntrack_script { chk weight -80 }"), director("", "priority 100\nnopreempt"),
			"keepalived.conf:13:16: warning: vrrp_instance VI_1: track_script chk: weight -80 can never move the addresses: it leaves 70, and the other director has 100, but nopreempt, which takes over from no master that still sends (without a weight the loss is a fault, which moves them)\n"},
		{"a backup, whose weights are for a second failure",
			director(scripts, "priority 90\ntrack_script { chk weight -20 }"), director("", "priority 100"), ""},
		{"a weight that comes with the failure",
			director("", "priority 150\ntrack_interface { eth1 weight 20 reverse }"), director("", "priority 100"), ""},
		{"a fault",
			director(scripts, "priority 150\ntrack_script { chk }"), director("", "priority 100"), ""},
		{"the lowest priority",
			director("", "priority 150\ntrack_interface { eth1 weight -20 }"), director("", "priority 1"),
			"keepalived.conf:7:19: warning: vrrp_instance VI_1: track_interface eth1: weight -20 can never move the addresses: it leaves 130, and the other director has 1 (without a weight the loss is a fault, which moves them)\n"},
		{"one of a sync group, of which the other is not lost",
			director(group, "priority 150\ntrack_script { chk weight -80 }", "priority 150"), director(group, "priority 100", "priority 100"),
			"keepalived.conf:17:16: warning: vrrp_instance VI_1: track_script chk: weight -80 can never move the addresses: it leaves 70, and the other director has 100, but it waits for its whole sync group\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, lines(judgeTracking(readText(t, tt.this), readText(t, tt.other)))); diff != "" {
				t.Errorf("want and got differ (-want +got):\n%s", diff)
			}
		})
	}
}
