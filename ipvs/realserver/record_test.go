package realserver

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// take records a plan as up does.
func (r *record) take(f *Facts, w Wish) {
	for _, s := range plan(*f, w) {
		for _, vip := range concerned(s, w.VIPs) {
			r.need(s, vip)
		}
		if !s.Done {
			f.carry(s)
		}
	}
	r.remember(w)
}

func words(steps []Step) []string {
	list := make([]string, len(steps))
	for i, s := range steps {
		list[i] = s.String()
	}
	return list
}

// What two VIPs share stays until the last of them goes.
func TestRecordShares(t *testing.T) {
	f, r := bare(), &record{}
	other := netip.MustParseAddr("192.0.2.81")
	r.take(&f, wish(DR, vip4))
	r.take(&f, wish(TUN, other))
	if diff := cmp.Diff([]string{"address 192.0.2.80/32 on lo"}, words(r.release([]netip.Addr{vip4}))); diff != "" {
		t.Errorf("the first VIP gives up (-want +got):\n%s", diff)
	}
	want := []string{
		"address 192.0.2.81/32 on lo", "device tunl0 up", "device tunl0 of type ipip",
		"net.ipv4.conf.all.arp_announce = 2", "net.ipv4.conf.all.arp_ignore = 1",
	}
	if diff := cmp.Diff(want, words(r.release([]netip.Addr{other}))); diff != "" {
		t.Errorf("the last VIP gives up (-want +got):\n%s", diff)
	}
	if len(r.Steps)+len(r.Wishes) > 0 {
		t.Errorf("left in the record: %+v", r)
	}
}

// A setting that somebody has changed and up has set again still goes back to
// what it was at first.
func TestRecordKeepsTheFirstBefore(t *testing.T) {
	f, r := bare(), &record{}
	f.All.ARPIgnore = 3
	f.All.ARPAnnounce = 1
	r.take(&f, wish(DR, vip4))
	f.All.ARPAnnounce = 0
	r.take(&f, wish(DR, vip4))
	for _, s := range r.release([]netip.Addr{vip4}) {
		if s.Kind == Set && s.Before != 1 {
			t.Errorf("%s goes back to %d, want 1", s, s.Before)
		}
	}
}

// What was so before up came is none of down's business.
func TestRecordLeavesOthers(t *testing.T) {
	f, r := bare(), &record{}
	f.All.ARPIgnore = 1
	r.take(&f, wish(DR, vip4))
	for _, s := range r.release([]netip.Addr{vip4}) {
		if strings.HasSuffix(s.Setting, "arp_ignore") {
			t.Errorf("down would undo %s", s)
		}
	}
}

// The record survives the file, and an empty one is no file.
func TestRecordFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	f, r := bare(), &record{}
	w := wish(GUE, vip4, vip6)
	w.ARP = NFT
	r.take(&f, w)
	if err := r.save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := loadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(words(r.release(w.VIPs)), words(again.release(w.VIPs))) {
		t.Error("the file says something else")
	}
	if err := again.save(dir); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("an empty record leaves %v, %v", left, err)
	}
}

// down leaves alone what somebody has set since, and says so.
func TestDownLeavesWhatOthersSet(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	set(t, dir, wish(DR, vip4))
	if err := writeSetting("net/ipv4/conf/all/arp_ignore", 8); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := down(&text, dir, nil); err != nil {
		t.Fatal(err)
	}
	if got := settings("all"); got.ARPIgnore != 8 || got.ARPAnnounce != 0 {
		t.Errorf("down left %+v, want arp_ignore 8 and arp_announce 0", got)
	}
	if !strings.Contains(text.String(), "somebody has set it to 8 since") {
		t.Errorf("down says %s", &text)
	}
}

// VIPs of one way are judged together, whichever up has set them up.
func TestTogether(t *testing.T) {
	f, r := bare(), &record{}
	r.take(&f, wish(DR, vip4))
	r.take(&f, wish(TUN, netip.MustParseAddr("192.0.2.81")))
	r.take(&f, wish(DR, vip6))
	var got [][]netip.Addr
	for _, w := range together(r.Wishes) {
		got = append(got, w.VIPs)
	}
	want := [][]netip.Addr{{vip4, vip6}, {netip.MustParseAddr("192.0.2.81")}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("together %v, want %v", got, want)
	}
}
