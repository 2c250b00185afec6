package director

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/bfd"
	"github.com/tandem-ha/tandem/vrrp/link"
)

// noAddresses is a kernel without virtual addresses.
type noAddresses struct{}

func (noAddresses) Present(string) []netip.Addr { return nil }
func (noAddresses) Repairs(string) link.Repairs { return link.Repairs{} }

func TestViewBFD(t *testing.T) {
	since := time.Unix(1_700_000_000, 0)
	got := viewBFD([]bfd.Status{{Name: "peer", State: bfd.Up, Remote: bfd.Up, Since: since, Detection: 900 * time.Millisecond, Interval: 300 * time.Millisecond}},
		map[string]uint64{"ttl": 2})
	want := &BFDStatus{Sessions: []BFDSession{{"peer", bfd.Up.String(), bfd.Up.String(), since, bfd.Diagnostic(0).String(), bfd.Diagnostic(0).String(), 0.9, 0.3}},
		Drops: map[string]uint64{"ttl": 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := viewBFD(nil, nil); got != nil {
		t.Errorf("without a session it shows %+v", got)
	}
}

// TestSinceOfAnInstanceThatWaits holds that an instance that has not begun, as it
// waits for what it tracks, has waited since it was configured.
func TestSinceOfAnInstanceThatWaits(t *testing.T) {
	configured := time.Unix(1_700_000_000, 0)
	moved := configured.Add(time.Minute)
	waits, runs := vrrp.Status{Name: "waits"}, vrrp.Status{Name: "runs", Since: moved}
	waits.Counters.Discontinuity, runs.Counters.Discontinuity = configured, configured
	views := viewInstances([]vrrp.Status{waits, runs}, noAddresses{})
	if got := views[0].Since; !got.Equal(configured) {
		t.Errorf("one that waits: since %s, want %s", got, configured)
	}
	if got := views[1].Since; !got.Equal(moved) {
		t.Errorf("one that runs: since %s, want %s", got, moved)
	}
}
