package vrrp

import (
	"encoding/json"
	"testing"
	"time"
)

// TestTenure: a master that leaves and starts again before a backup can have
// missed it is master still; later it is a backup like any other.
func TestTenure(t *testing.T) {
	restart := func(t *testing.T, l *lan, after time.Duration, change ...func(*Instance)) []string {
		t.Helper()
		a, _ := pair(l, change...)
		if err := a.router.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept, err := json.Marshal(a.router.Tenures())
		if err != nil {
			t.Fatal(err)
		}
		var tenures []Tenure
		if err := json.Unmarshal(kept, &tenures); err != nil || len(tenures) != 1 {
			t.Fatalf("%v: kept %s", err, kept)
		}
		a.kill()
		l.until(lastSent + after)
		l.take()
		l.join("a", "10.20.0.1", vi(150, change...), func(r *Router) { r.Inherit(tenures) })
		l.until(lastSent + 20*time.Second)
		return l.take("state")
	}
	same := func(t *testing.T, got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}

	bubble(t, "in time it goes on, and the backup notices nothing", func(t *testing.T, l *lan) {
		same(t, restart(t, l, 2900*ms), (lastSent+2900*ms).String()+" a VI_1 MASTER: master since before the restart")
	})
	bubble(t, "too late it starts as a backup", func(t *testing.T, l *lan) {
		got := restart(t, l, 3*interval)
		if len(got) == 0 || got[0] != (lastSent+3*interval).String()+" a VI_1 BACKUP: started" {
			t.Errorf("got %q", got)
		}
	})
	bubble(t, "a stop leaves no tenure", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		if err := a.router.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := a.router.Tenures(); len(left) > 0 {
			t.Errorf("left %+v", left)
		}
	})
	bubble(t, "a backup has none", func(t *testing.T, l *lan) {
		if _, b := pair(l); len(b.router.Tenures()) > 0 {
			t.Errorf("got %+v", b.router.Tenures())
		}
	})
	bubble(t, "a clock that was set meanwhile makes it no master", func(t *testing.T, l *lan) {
		l.join("a", "10.20.0.1", vi(150), func(r *Router) {
			r.Inherit([]Tenure{{Interface: "eth0", VRID: 51, Sent: time.Now().Add(time.Hour)}})
		})
		l.until(time.Second)
		same(t, l.take("state"), "0s a VI_1 BACKUP: started")
	})
	bubble(t, "a sync group goes on as a whole", func(t *testing.T, l *lan) {
		cfg := Config{Groups: []Group{{Name: "G", Members: []string{"one", "two"}}}}
		for i, name := range []string{"one", "two"} {
			in := testInstance()
			in.Name, in.VRID = name, uint8(51+i)
			cfg.Instances = append(cfg.Instances, in)
		}
		tenures := []Tenure{{Interface: "eth0", VRID: 51, Sent: time.Now()}, {Interface: "eth0", VRID: 52, Sent: time.Now()}}
		n := l.join("a", "10.20.0.1", cfg, func(r *Router) { r.Inherit(tenures) })
		l.until(time.Second)
		for _, s := range n.router.Snapshot() {
			if s.State != Master || !s.Since.Equal(l.start) {
				t.Errorf("%s is %s since %s", s.Name, s.State, s.Since)
			}
		}
	})
}
