package vrrp

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestRollout: signatures come, change their key and go on a running pair, one
// director after the other, and nobody changes its role.
func TestRollout(t *testing.T) {
	with := func(mode HMACMode, active uint8, known ...uint8) func(*Instance) {
		return func(in *Instance) {
			signed(in)
			in.HMAC.Mode, in.HMAC.Active = mode, active
			var keys []HMACKey
			for _, k := range in.HMAC.Keys {
				for _, id := range known {
					if k.ID == id {
						keys = append(keys, k)
					}
				}
			}
			in.HMAC.Keys = keys
		}
	}
	plain := func(*Instance) {}
	// What one director after the other is told, on the backup first.
	steps := []struct {
		what string
		cfg  func(*Instance)
	}{
		{"receive-only", with(ReceiveOnly, 1, 1)},
		{"permissive", with(Permissive, 1, 1)},
		{"enforce", with(Enforce, 1, 1)},
		{"a second key is known", with(Enforce, 1, 1, 2)},
		{"the second key signs", with(Enforce, 2, 1, 2)},
		{"the first key is gone", with(Enforce, 2, 2)},
		{"permissive again", with(Permissive, 2, 2)},
		{"receive-only again", with(ReceiveOnly, 2, 2)},
		{"nothing again", plain},
	}
	bubble(t, "K-50 roll-out and rotation of keys without a change of role", func(t *testing.T, l *lan) {
		a, b := pair(l)
		at := lastSent
		for _, s := range steps {
			for _, n := range []struct {
				*node
				priority uint8
			}{{b, 100}, {a, 150}} {
				if err := n.router.Reconfigure(vi(n.priority, s.cfg)); err != nil {
					t.Fatalf("%s: %v", s.what, err)
				}
				synctest.Wait()
				at += 5 * time.Second
				l.until(at)
				if moves := l.take("state"); len(moves) > 0 {
					t.Fatalf("%s on %s: %v", s.what, n.name, moves)
				}
				// The backup is the one that hears, and refuses nothing.
				if drops := b.router.Snapshot()[0].Counters.Drops; len(drops) > 0 {
					t.Fatalf("%s on %s: the backup dropped %v", s.what, n.name, drops)
				}
			}
		}
		if odd := b.router.Snapshot()[0].Counters.Odd; odd[OddUnsigned.String()] == 0 {
			t.Error("adverts without a signature are not counted")
		}
	})
	bubble(t, "K-51 two directors without a key in common are both masters, and say why", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, with(Enforce, 1, 1)))
		b := l.join("b", "10.20.0.2", vi(100, with(Enforce, 2, 2)))
		l.until(10 * time.Second)
		for _, n := range []*node{a, b} {
			s := n.router.Snapshot()[0]
			if s.State != Master || s.Counters.Drops["hmac-unknown-key"] == 0 || s.Counters.Received != 0 {
				t.Errorf("%s: %s, dropped %v", n.name, s.State, fmt.Sprint(s.Counters.Drops))
			}
		}
	})
}
