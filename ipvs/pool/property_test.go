package pool

import (
	"maps"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

// FuzzWant drives a service of four servers through any sequence of health,
// drains and reloads, and holds every answer against the rules. The first
// bytes are the configuration, each further pair one call.
func FuzzWant(f *testing.F) {
	f.Add([]byte{0x00, 2, 0x55, 0x00, 0xaa, 0x01})
	f.Add([]byte{0x1f, 3, 0x00, 0x00, 0x55, 0x0f, 0x56, 0x80, 0xa5, 0x00})
	f.Add([]byte{0x04, 7, 0x55, 0x00, 0x95, 0x00, 0xa5, 0x00, 0x55, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 {
			return
		}
		cfg := random(data[0], data[1])
		state := State{}
		for data = data[2:]; len(data) >= 2; data = data[2:] {
			if data[1]&0x80 != 0 {
				cfg = random(data[0], data[1])
			}
			in := Inputs{Checks: make(map[string]Health), Drained: make(map[ipvs.Server]bool)}
			for i, s := range cfg.Servers {
				in.Checks[s.Checks[0]] = Health{Verdict: Verdict(data[0] >> (2 * i) & 3 % 3)}
				in.Drained[s.Addr] = data[1]>>i&1 != 0
			}
			entry, next, list := Want(cfg, in, state)
			holds(t, cfg, in, entry, next)
			accounts(t, state, next, list)

			again, settled, none := Want(cfg, in, next)
			if len(none) != 0 || settled.Quorum != next.Quorum || !maps.Equal(again.Destinations, entry.Destinations) {
				t.Fatalf("the same health again gave %v and %v after %v", none, again, entry)
			}
			state = next
		}
	})
}

// random makes a configuration out of two bytes.
func random(flags, numbers byte) Service {
	cfg := service(int32(numbers&3), 1, 2, 3)
	cfg.Servers[3].Inhibit = flags&1 != 0
	cfg.Inhibit = flags&2 != 0
	cfg.Alpha = flags&8 != 0
	cfg.Quorum = int(numbers >> 2 & 7)
	cfg.Hysteresis = int(numbers >> 5 & 3)
	if flags&4 != 0 {
		sorry(&cfg)
		cfg.Sorry.Inhibit = flags&16 != 0
	}
	return cfg
}

// holds checks one answer against the rules that no sequence may break.
func holds(t *testing.T, cfg Service, in Inputs, entry ipvs.Entry, next State) {
	t.Helper()
	sorryServes := cfg.Sorry != nil && entry.Destinations[cfg.Sorry.Addr].Weight > 0
	serving := 0
	for _, s := range cfg.Servers {
		d, present := entry.Destinations[s.Addr]
		down := in.Checks[s.Checks[0]].Verdict == Down
		switch {
		case d.Weight != 0 && d.Weight != s.Dest.Weight:
			t.Fatalf("%s has weight %d, configured is %d", name(s.Addr), d.Weight, s.Dest.Weight)
		case d.Weight > 0 && (down || in.Drained[s.Addr]):
			t.Fatalf("%s serves, though down or drained", name(s.Addr))
		case d.Weight > 0 && sorryServes:
			t.Fatalf("%s and the sorry server serve together", name(s.Addr))
		case present && down && !cfg.Inhibit && !s.Inhibit:
			t.Fatalf("%s is down and in the table without inhibit_on_failure", name(s.Addr))
		case !present && !down && in.Drained[s.Addr] && !cfg.Alpha:
			t.Fatalf("%s is healthy and drained, and its connections were cut", name(s.Addr))
		}
		serving += int(d.Weight)
		if st := next.Servers[s.Addr]; st.In != present || st.Weight != d.Weight {
			t.Fatalf("%s stands at %v, the table has %v %d", name(s.Addr), st, present, d.Weight)
		}
	}
	if sorryServes != (cfg.Sorry != nil && next.Quorum == Lost) {
		t.Fatalf("quorum %v, sorry server serves: %v", next.Quorum, sorryServes)
	}
	if next.Quorum == Held && serving == 0 {
		t.Fatal("quorum is held by nobody")
	}
}

// accounts checks that the changes tell exactly what differs in the table.
func accounts(t *testing.T, prev, next State, list []Change) {
	t.Helper()
	told := make(map[ipvs.Server]bool)
	for _, c := range list {
		if c.Reason == 0 {
			t.Fatalf("%+v has no reason", c)
		}
		told[c.Server] = true
	}
	for _, addr := range addresses(prev, next) {
		from, to := prev.Servers[addr], next.Servers[addr]
		if (from.In != to.In || from.Weight != to.Weight) && !told[addr] {
			t.Fatalf("nothing tells of %s %v->%v", name(addr), from, to)
		}
	}
}
