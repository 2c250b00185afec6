package vrrp

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Ways to prove who sent an advert.
func header(in *Instance) { auth(in); in.AuthHeader = true }
func signed(in *Instance) {
	in.HMAC = &HMAC{Active: 1, Keys: []HMACKey{{1, Secret(strings.Repeat("k", 32))}, {2, Secret(strings.Repeat("m", 64))}}}
}
func monotonic(in *Instance) { signed(in); in.HMAC.Monotonic = true }
func ipv6(in *Instance) {
	in.Addresses = []Address{{Prefix: netip.MustParsePrefix("fe80::99/64")}}
}

// speaker is another router of ours that sends adverts.
type speaker struct {
	cfg   Instance
	guard guard
	addr  netip.Addr
}

func newSpeaker(addr netip.Addr, change ...func(*Instance)) *speaker {
	return &speaker{cfg: vi(200, change...).Instances[0], guard: newGuard(epoch), addr: addr}
}

// say returns an advert as it arrives at dst.
func (s *speaker) say(t testing.TB, dst netip.Addr, priority uint8, now time.Time) Frame {
	t.Helper()
	next, ok := s.guard.next(s.cfg, now)
	if !ok {
		t.Fatal("no number left")
	}
	return s.copy(t, dst, priority, next, now)
}

// copy returns the copy of an advert for dst.
func (s *speaker) copy(t testing.TB, dst netip.Addr, priority uint8, next proof, now time.Time) Frame {
	t.Helper()
	out := Outgoing{Interface: s.cfg.Interface, Src: s.addr, Dst: dst}
	if err := s.guard.sign(s.cfg, &out, s.cfg.advert(priority), next); err != nil {
		t.Fatal(err)
	}
	return Frame{Interface: out.Interface, Src: out.Src, Dst: out.Dst, TTL: 255, Payload: out.Payload, Header: out.Header, At: now}
}

// listener is one instance that hears.
type listener struct {
	cfg   Instance
	guard guard
}

// hear checks a frame by a clock of which both readings may be given, and takes
// note of one that is good.
func (h *listener) hear(f Frame, r reading, now time.Time) advert.Drop {
	message := f.Payload
	if f.Header != nil {
		message, _, _ = advert.Unseal(f.Payload)
	}
	p, drop := h.guard.check(h.cfg, f, message, ours, r)
	if drop == advert.Accepted {
		h.guard.commit(h.cfg, p, now)
	}
	return drop
}

// at is a reading of two clocks that agree.
func at(now time.Time) reading { return reading{advert.StampAt(now), advert.StampAt(now)} }

func TestGuardRefusesReplays(t *testing.T) {
	for name, change := range map[string]func(*Instance){
		"K-09 R-15 authentication header": header,
		"K-50 K-51 HMAC by time":          signed,
		"K-50 K-51 HMAC monotonic":        monotonic,
		"K-06 K-50 HMAC over IPv6":        func(in *Instance) { signed(in); ipv6(in) },
	} {
		t.Run(name, func(t *testing.T) {
			h := &listener{guard: newGuard(epoch), cfg: vi(100, change).Instances[0]}
			from, dst := higher, h.cfg.group()
			if h.cfg.IPv6() {
				from = netip.MustParseAddr("fe80::b")
			}
			s := newSpeaker(from, change)
			first, second := s.say(t, dst, 200, epoch), s.say(t, dst, 200, epoch)
			if drop := h.hear(first, at(epoch), epoch); drop != advert.Accepted {
				t.Fatalf("the first: %s", drop)
			}
			want := advert.Replay
			if h.cfg.AuthHeader {
				want = advert.HeaderReplay
			}
			if drop := h.hear(first, at(epoch), epoch); drop != want {
				t.Errorf("the first again: %s, want %s", drop, want)
			}
			if drop := h.hear(second, at(epoch), epoch); drop != advert.Accepted {
				t.Errorf("the second: %s", drop)
			}
			if drop := h.hear(first, at(epoch), epoch); drop != want {
				t.Errorf("the first after the second: %s, want %s", drop, want)
			}
		})
	}
}

func TestHeaderCounter(t *testing.T) {
	t.Run("K-09 one counter for both directions", func(t *testing.T) {
		h := &listener{guard: newGuard(epoch), cfg: vi(100, header).Instances[0]}
		s := newSpeaker(higher, header)
		s.guard.sequence = 499
		h.hear(s.say(t, advert.Group4, 200, epoch), at(epoch), epoch)
		if next, _ := h.guard.next(h.cfg, epoch); next.sequence != 501 {
			t.Errorf("ours is %d, want 501", next.sequence)
		}
		// What the other sends now it has not seen ours for.
		if drop := h.hear(s.say(t, advert.Group4, 200, epoch), at(epoch), epoch); drop != advert.HeaderReplay {
			t.Errorf("theirs of 501: %s", drop)
		}
	})
	bubble(t, "K-09 the copies for unicast peers share one number", func(t *testing.T, l *lan) {
		peers := func(in *Instance) { in.Peers = []netip.Addr{lower, higher} }
		a := l.join("a", "10.20.0.1", vi(150, header, peers))
		l.join("b", lower.String(), vi(100, header, peers))
		l.join("c", higher.String(), vi(100, header, peers))
		l.until(5 * time.Second)
		numbers := make(map[uint32]int)
		for _, f := range l.wire {
			_, n, _ := advert.Unseal(f.Payload)
			numbers[n]++
		}
		if !maps.Equal(numbers, map[uint32]int{1: 2, 2: 2}) || a.router.Marks()[0].Sequence != 2 {
			t.Errorf("copies by number %v, mark %+v", numbers, a.router.Marks())
		}
	})
	bubble(t, "K-09 the end of the numbers stops the master", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, header), func(r *Router) {
			r.Restore([]Mark{{Interface: "eth0", VRID: 51, At: time.Now(), Sequence: lastSequence - 3}})
		})
		l.until(30 * time.Second)
		// Its first number is the last: it skips two that it may have sent since
		// the mark. It steps down, hears nobody, and begins anew.
		l.expect("state",
			"0s a VI_1 BACKUP: started",
			"3.4140625s a VI_1 MASTER: no master heard",
			"4.4140625s a VI_1 BACKUP: told to yield sequence numbers used up",
			"7.828125s a VI_1 MASTER: no master heard")
		if m := a.router.Marks()[0]; m.Sequence != 23 {
			t.Errorf("counts at %d", m.Sequence)
		}
	})
}

func TestSumIsLearned(t *testing.T) {
	old := func(in *Instance) { unicast(in); in.Wire.Checksum = OldUnicast }
	now := epoch
	hear := func(h *listener, change func(*Instance)) advert.Drop {
		return h.hear(newSpeaker(higher, change).say(t, ours, 200, now), at(now), now)
	}
	t.Run("K-05 a peer that sums as of old is answered so, until it is upgraded", func(t *testing.T) {
		h := &listener{guard: newGuard(epoch), cfg: vi(100, unicast).Instances[0]}
		if drop := hear(h, old); drop != advert.Accepted || h.guard.sumTo(h.cfg, higher) != advert.OldUnicast {
			t.Errorf("%s, answered by form %d", drop, h.guard.sumTo(h.cfg, higher))
		}
		if got := h.guard.sumTo(h.cfg, lower); got != advert.PseudoHeader {
			t.Errorf("another peer is answered by form %d", got)
		}
		if drop := hear(h, unicast); drop != advert.Accepted || h.guard.sumTo(h.cfg, higher) != advert.PseudoHeader {
			t.Errorf("upgraded: %s, answered by form %d", drop, h.guard.sumTo(h.cfg, higher))
		}
	})
	t.Run("K-05 old_unicast_checksum sends so to all, never neither sends nor hears it", func(t *testing.T) {
		h := &listener{guard: newGuard(epoch), cfg: vi(100, old).Instances[0]}
		if h.guard.sumTo(h.cfg, higher) != advert.OldUnicast {
			t.Error("not sent")
		}
		h.cfg.Wire.Checksum = NeverOldUnicast
		if drop := hear(h, old); drop != advert.Checksum || h.guard.sumTo(h.cfg, higher) != advert.PseudoHeader {
			t.Errorf("never: %s", drop)
		}
	})
	t.Run("K-03 O-09 O-10 v3_checksum_as_v2 is verified, unlike in keepalived", func(t *testing.T) {
		strict := func(in *Instance) { unicast(in); in.Wire.Checksum = MessageOnly }
		h := &listener{guard: newGuard(epoch), cfg: vi(100, strict).Instances[0]}
		if drop := hear(h, strict); drop != advert.Accepted {
			t.Errorf("without the pseudo-header: %s", drop)
		}
		if drop := hear(h, unicast); drop != advert.Checksum {
			t.Errorf("with it: %s", drop)
		}
	})
}

func TestKeysRotate(t *testing.T) {
	now := epoch
	uses := func(id uint8, known ...uint8) func(*Instance) {
		return func(in *Instance) {
			signed(in)
			in.HMAC.Active = id
			in.HMAC.Keys = slices.DeleteFunc(in.HMAC.Keys, func(k HMACKey) bool { return !slices.Contains(known, k.ID) })
		}
	}
	mode := func(m HMACMode) func(*Instance) {
		return func(in *Instance) { signed(in); in.HMAC.Mode = m }
	}
	tests := []struct {
		name       string
		here, them func(*Instance)
		want       advert.Drop
	}{
		{"K-50 the key that signs here is not theirs yet, but both are known", uses(1, 1, 2), uses(2, 1, 2), advert.Accepted},
		{"K-51 a key that is not known", uses(1, 1), uses(2, 1, 2), advert.UnknownKey},
		{"K-51 no signature", signed, func(*Instance) {}, advert.Unsigned},
		{"K-50 no signature, permissive", mode(Permissive), func(*Instance) {}, advert.Accepted},
		{"K-50 no signature, receive-only", mode(ReceiveOnly), func(*Instance) {}, advert.Accepted},
		{"K-51 a wrong signature, permissive", mode(Permissive), uses(2, 2), advert.Accepted},
		{"K-50 receive-only does not sign", signed, mode(ReceiveOnly), advert.Unsigned},
		{"K-50 permissive signs", signed, mode(Permissive), advert.Accepted},
		{"K-50 O-06 a signature where none is expected", func(*Instance) {}, signed, advert.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &listener{guard: newGuard(epoch), cfg: vi(100, tt.here).Instances[0]}
			f := newSpeaker(higher, tt.them).say(t, advert.Group4, 200, now)
			if got := h.hear(f, at(now), now); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("K-51 a wrong signature is dropped even where none is asked for", func(t *testing.T) {
		h := &listener{guard: newGuard(epoch), cfg: vi(100, mode(Permissive)).Instances[0]}
		f := newSpeaker(higher, signed).say(t, advert.Group4, 200, now)
		f.Payload[len(f.Payload)-1]++
		before := bytes.Clone(f.Payload)
		if got := h.hear(f, at(now), now); got != advert.BadHMAC || !bytes.Equal(before, f.Payload) {
			t.Errorf("got %s", got)
		}
	})
}
