package vrrp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMarks: what was heard before a restart is not heard again after it.
func TestMarks(t *testing.T) {
	for name, change := range map[string]func(*Instance){
		"K-09 authentication header": header,
		"K-50 HMAC by time":          signed,
		"K-50 HMAC monotonic":        monotonic,
	} {
		bubble(t, name+": adverts recorded before a restart are refused after it", func(t *testing.T, l *lan) {
			a, b := pair(l, change)
			if err := a.router.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until the goodbye is heard
			if err := b.router.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			recorded := l.wire
			kept, err := json.Marshal(b.router.Marks())
			if err != nil {
				t.Fatal(err)
			}
			var marks []Mark
			if err := json.Unmarshal(kept, &marks); err != nil || len(marks) != 1 {
				t.Fatalf("%v: kept %s", err, kept)
			}
			if back, err := json.Marshal(marks); err != nil || !bytes.Equal(back, kept) {
				t.Errorf("kept %s, read %s", kept, back)
			}
			if text := string(kept); strings.Contains(text, "kkk") || strings.Contains(text, "ecret") {
				t.Errorf("a secret is kept: %s", text)
			}

			l.take()
			again := l.join("b", "10.20.0.2", vi(100, change), func(r *Router) { r.Restore(marks) })
			for _, f := range recorded {
				again.hear(f)
			}
			synctest.Wait()
			s := again.router.Snapshot()[0].Counters
			if s.Received != 0 || s.Drops["ah-replay"]+s.Drops["hmac-replay"]+s.Drops["own-address"] != uint64(len(recorded)) {
				t.Errorf("of %d recorded adverts %d were heard, %v dropped", len(recorded), s.Received, s.Drops)
			}
		})

		bubble(t, name+": a master that restarts is heard at once", func(t *testing.T, l *lan) {
			a, b := pair(l, change)
			marks := a.router.Marks() // as they were kept some time ago
			l.until(lastSent + 10*time.Second)
			if err := a.router.Leave(t.Context()); err != nil {
				t.Fatal(err)
			}
			a.kill()
			l.until(lastSent + 10100*ms)
			l.take()
			owner := func(in *Instance) { change(in); in.Priority = PriorityOwner }
			l.join("a", "10.20.0.1", vi(150, owner), func(r *Router) { r.Restore(marks) })
			l.until(lastSent + 20*time.Second)
			l.expect("state", (lastSent+10100*ms).String()+" a VI_1 MASTER: owns the addresses")
			if drops := b.router.Snapshot()[0].Counters.Drops; len(drops) > 0 {
				t.Errorf("the backup dropped %v", drops)
			}
		})
	}

	bubble(t, "K-09 a mark outlives a reload without its instance", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, header))
		l.until(10 * time.Second)
		before := a.router.Marks()[0].Sequence
		for _, cfg := range []Config{{}, vi(150, header)} {
			if err := a.router.Reconfigure(cfg); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			// The goodbye has the number after it.
			if m := a.router.Marks(); len(m) != 1 || m[0].Sequence != before+1 {
				t.Errorf("with %d instances: %+v", len(cfg.Instances), m)
			}
		}
	})

	bubble(t, "an instance without proof of origin has no mark", func(t *testing.T, l *lan) {
		if a, _ := pair(l, auth); len(a.router.Marks()) > 0 {
			t.Errorf("got %+v", a.router.Marks())
		}
	})

	t.Run("marks that have not been used are kept", func(t *testing.T) {
		r := NewRouter(Config{}, nil, nil, nil)
		r.Restore([]Mark{{Interface: "eth0", VRID: 51, Sequence: 7}})
		if m := r.Marks(); len(m) != 1 || m[0].Sequence != 7 {
			t.Errorf("got %+v", m)
		}
	})
}
