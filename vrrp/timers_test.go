package vrrp

import (
	"testing"
	"time"
)

func TestSkewAndMasterDown(t *testing.T) {
	tests := []struct {
		name       string
		version    Version
		priority   uint8
		interval   time.Duration
		skew, down time.Duration
	}{
		{"T-01 T-03 default", V3, 100, time.Second, 609375 * time.Microsecond, 3609375 * time.Microsecond},
		{"T-01 skew follows the interval", V3, 100, 200 * time.Millisecond, 121875 * time.Microsecond, 721875 * time.Microsecond},
		{"T-01 T-05 shortest interval", V3, 100, 10 * time.Millisecond, 6093750 * time.Nanosecond, 36093750 * time.Nanosecond},
		{"T-01 T-03 longest interval, lowest priority", V3, 1, 40950 * time.Millisecond, 40790039062 * time.Nanosecond, 163640039062 * time.Nanosecond},
		{"T-01 highest priority below an owner", V3, 254, 512 * time.Millisecond, 4 * time.Millisecond, 1540 * time.Millisecond},
		{"T-01 owner", V3, 255, 256 * time.Millisecond, time.Millisecond, 769 * time.Millisecond},
		{"T-02 skew of version 2 is in seconds", V2, 100, time.Second, 609375 * time.Microsecond, 3609375 * time.Microsecond},
		{"T-02 T-03 whatever the interval", V2, 100, 5 * time.Second, 609375 * time.Microsecond, 15609375 * time.Microsecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Skew(tt.version, tt.priority, tt.interval); got != tt.skew {
				t.Errorf("skew %s, want %s", got, tt.skew)
			}
			if got := MasterDown(tt.version, tt.priority, tt.interval); got != tt.down {
				t.Errorf("master down interval %s, want %s", got, tt.down)
			}
		})
	}
}

func TestBeat(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond:  20 * time.Millisecond,
		80 * time.Millisecond:  20 * time.Millisecond,
		200 * time.Millisecond: 50 * time.Millisecond,
		time.Second:            250 * time.Millisecond,
	} {
		if got := beat(interval); got != want {
			t.Errorf("interval %s: a beat every %s, want %s", interval, got, want)
		}
	}
}

func TestTrackedInterfaceEffect(t *testing.T) {
	tests := []struct {
		name   string
		track  TrackInterface
		up     bool
		delta  int
		defect bool
	}{
		{"K-34 no weight, up", TrackInterface{}, true, 0, false},
		{"K-34 no weight, down: a fault", TrackInterface{}, false, 0, true},
		{"K-34 no weight, reversed, up: a fault", TrackInterface{Reverse: true}, true, 0, true},
		{"K-34 positive weight is earned while up", TrackInterface{Weight: 20}, true, 20, false},
		{"K-34 positive weight is lost while down", TrackInterface{Weight: 20}, false, 0, false},
		{"K-34 negative weight costs nothing while up", TrackInterface{Weight: -20}, true, 0, false},
		{"K-34 negative weight is paid while down", TrackInterface{Weight: -20}, false, -20, false},
		{"K-34 positive weight reversed is taken away while up", TrackInterface{Weight: 20, Reverse: true}, true, -20, false},
		{"K-34 positive weight reversed, down", TrackInterface{Weight: 20, Reverse: true}, false, 0, false},
		{"K-34 negative weight reversed, up", TrackInterface{Weight: -20, Reverse: true}, true, 0, false},
		{"K-34 negative weight reversed is earned while down", TrackInterface{Weight: -20, Reverse: true}, false, 20, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if delta, defect := tt.track.Effect(tt.up); delta != tt.delta || defect != tt.defect {
				t.Errorf("got %d, %v, want %d, %v", delta, defect, tt.delta, tt.defect)
			}
		})
	}
}
