package bare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// A reload that changes addresses and priority changes just these: the address
// that stays never leaves, and the role stays what it is.
func TestReloadChangesAddressesInPlace(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	moves := p.WatchMoves(t)
	stays, comes := lab.DefaultVIPs(2)[0], lab.DefaultVIPs(2)[1]
	p.Start(t, lab.A, one)
	p.WaitOwner(t, stays, "a")
	before := p.Instance(t, lab.A, "one")

	two := strings.NewReplacer("192.0.2.100/32", "192.0.2.100/32\n        192.0.2.101/32", "priority 150", "priority 140").Replace(one)
	for _, tt := range []struct{ text, owner string }{{two, "a"}, {one, ""}} {
		if r := p.Reload(t, lab.A, tt.text).Config.LastReload; r.Refused {
			t.Fatalf("the reload was refused: %v", r.Why)
		}
		p.WaitOwner(t, comes, tt.owner)
	}
	if after := p.Instance(t, lab.A, "one"); after.State != "MASTER" || !after.Since.Equal(before.Since) {
		t.Errorf("the instance is %s since %s, want MASTER since %s", after.State, after.Since, before.Since)
	}

	other := strings.NewReplacer("one", "other", "_id 51", "_id 52", "2.100", "2.101").Replace(one)
	p.Reload(t, lab.A, one+other)
	p.WaitOwner(t, comes, "a")
	p.Reload(t, lab.A, one)
	p.WaitOwner(t, comes, "") // It went with its instance.
	for vip, want := range map[string]string{stays.String(): "+", comes.String(): "+-+-"} {
		rig.Until(t, "the kernel has told of all moves of "+vip, func() error {
			if diff := cmp.Diff(map[string]string{"a": want}, moves.Of(vip)); diff != "" {
				return fmt.Errorf("(-want +got):\n%s", diff)
			}
			return nil
		})
	}
}

// What somebody else takes away comes back, and what he adds stays.
func TestAddressRemovedByHandComesBack(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")
	h := p.Director(lab.A).Netlink()
	link, err := h.LinkByName(lab.OutsideLink)
	if err != nil {
		t.Fatal(err)
	}
	address := func(text string) *netlink.Addr {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if err := h.AddrAdd(link, address("192.0.2.77/32")); err != nil {
		t.Fatal(err)
	}
	if err := h.AddrDel(link, address("192.0.2.100/32")); err != nil {
		t.Fatal(err)
	}
	p.WaitLog(t, lab.A, "level=WARN", "removed by someone else", "192.0.2.100")
	p.WaitOwner(t, p.VIP(), "a")
	p.Stop(t, lab.A)
	after := addresses(t, p, lab.A)
	if !strings.Contains(after, "192.0.2.77/32") || strings.Contains(after, "192.0.2.100") {
		t.Errorf("after the stop the host has\n%s\nwant the address of somebody else and no VIP", after)
	}
}

// The instances of a sync group are master together or not at all, whichever
// link fails.
func TestSyncGroupMovesTogether(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	outside, inside := p.VIP(), p.Plan().Gateway
	text := one + strings.NewReplacer("one", "two", "outside", "inside", "_id 51", "_id 61", outside.String(), inside.String()).Replace(one) +
		"vrrp_sync_group both {\n    group {\n        one\n        two\n    }\n}\n"
	owners := func(want string) {
		t.Helper()
		p.WaitOwner(t, outside, want)
		p.WaitOwner(t, inside, want)
	}
	p.Start(t, lab.A, text)
	owners("a")
	p.Start(t, lab.B, strings.ReplaceAll(text, "priority 150", "priority 100"))
	for _, side := range []lab.Side{lab.Inside, lab.Outside} {
		if err := p.LinkDown(lab.A, side); err != nil {
			t.Fatal(err)
		}
		owners("b")
		if err := p.LinkUp(lab.A, side); err != nil {
			t.Fatal(err)
		}
		owners("a")
	}
}
