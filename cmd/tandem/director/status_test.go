package director

import (
	"errors"
	"testing"
	"time"
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
