package director

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/link"
	"github.com/tandem-ha/tandem/vrrp/notify/deliver"
)

func TestMute(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { then := at.Add(-d); return &then }
	tests := []struct {
		name string
		in   InstanceStatus
		want int
	}{
		{"a master whose adverts leave", InstanceStatus{State: "MASTER", AdvertInterval: 0.2, LastSent: ago(150 * time.Millisecond)}, 0},
		{"a master whose last advert is three intervals old", InstanceStatus{State: "MASTER", AdvertInterval: 0.2, LastSent: ago(800 * time.Millisecond)}, 1},
		{"a master that never got one out", InstanceStatus{State: "MASTER", AdvertInterval: 0.2, Since: *ago(time.Minute), SendErrors: 300}, 1},
		{"a new master", InstanceStatus{State: "MASTER", AdvertInterval: 0.2, Since: at}, 0},
		{"a backup says nothing and should not", InstanceStatus{State: "BACKUP", AdvertInterval: 0.2, Since: *ago(time.Minute)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mute([]InstanceStatus{tt.in}, at); len(got) != tt.want {
				t.Errorf("found %q", got)
			}
		})
	}
}

func TestUnheard(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	drop := func(ago time.Duration) []DropStatus {
		return []DropStatus{{"auth-fail", 5, netip.MustParseAddr("10.9.0.2"), at.Add(-ago), "the passwords differ"}}
	}
	tests := []struct {
		name, state string
		interval    float64
		ago         time.Duration
		want        string
	}{
		{"two masters", "MASTER", 1, 200 * time.Millisecond,
			"instance web: 10.9.0.2 sends adverts that are dropped (auth-fail, 5, last 0.2 s ago): if it is master too, both have the addresses; the passwords differ"},
		{"a backup that is deaf", "BACKUP", 1, 200 * time.Millisecond,
			"instance web: 10.9.0.2 sends adverts that are dropped (auth-fail, 5, last 0.2 s ago): it is not heard; the passwords differ"},
		{"that was long ago", "MASTER", 1, 20 * time.Second, ""},
		{"not by its interval", "MASTER", 10, 20 * time.Second,
			"instance web: 10.9.0.2 sends adverts that are dropped (auth-fail, 5, last 20.0 s ago): if it is master too, both have the addresses; the passwords differ"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := unheard([]InstanceStatus{{Name: "web", State: tt.state, AdvertInterval: tt.interval, LastDrops: drop(tt.ago)}}, at)
			if got := strings.Join(found, "\n"); got != tt.want {
				t.Errorf("it says %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestFightsNameWhatIsFoughtOver: the last address that was put back may be
// another one, and its instance may have lost more.
func TestFightsNameWhatIsFoughtOver(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	fought := link.Fought{Address: netip.MustParsePrefix("10.9.0.80/24"), Interface: "eth0", Count: 4, Last: at, By: "ip"}
	all := link.Repairs{Count: 6, Last: at.Add(time.Second), Address: netip.MustParsePrefix("10.9.0.81/24"), Interface: "eth0", Fights: 1, Fought: fought}
	found := fights([]InstanceStatus{{Name: "web", Repairs: viewRepairs(all)}})
	want := "instance web: ip removes 10.9.0.80/24 from eth0 again and again, 4 times so far, the last at 03:00:00: stop that, or it is the address of two managers"
	if got := strings.Join(found, "\n"); got != want {
		t.Errorf("it says %q\nwant %q", got, want)
	}
}

func TestUntold(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	var many []deliver.Trouble
	for range 10 {
		many = append(many, deliver.Trouble{What: "mail to m", Why: "refused", At: at})
	}
	tests := []struct {
		name     string
		counts   deliver.Counts
		troubles []deliver.Trouble
		want     []string
	}{
		{"all is told", deliver.Counts{Programs: 9, Mails: 2}, nil, nil},
		{"a program fails", deliver.Counts{Failed: 1}, []deliver.Trouble{{What: `notify of INSTANCE "A"`, Why: "hook: exit status 3", At: at.Add(-2 * time.Second)}},
			[]string{`notify of INSTANCE "A" has failed 2s ago: hook: exit status 3`}},
		{"what was lost", deliver.Counts{MailsGivenUp: 3, LinesDropped: 4}, nil,
			[]string{"mail: 3 changes of state were never sent", "pipes: 4 lines were dropped because nobody reads them"}},
		{"many", deliver.Counts{}, many, append(slices.Repeat([]string{"mail to m has failed 0s ago: refused"}, 5),
			"5 more notifications fail; tandem status --json shows them")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := untold(viewNotify(tt.counts, tt.troubles), at); !slices.Equal(got, tt.want) {
				t.Errorf("it says %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestOneClaimANamespace(t *testing.T) {
	claim, err := ClaimNamespace()
	if err != nil {
		t.Skip("a tandem runs on this host:", err)
	}
	if _, err := ClaimNamespace(); !errors.Is(err, ErrHost) {
		t.Errorf("the second claim: %v, want ErrHost", err)
	}
	claim.Close()
	again, err := ClaimNamespace()
	if err != nil {
		t.Fatal("after the first is gone:", err)
	}
	again.Close()
}
