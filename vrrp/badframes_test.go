package vrrp

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// victim is a loop with one instance, which a peer talks to.
type victim struct {
	*loop
	in   *instance
	peer *speaker
	dst  netip.Addr
}

// proofs are the ways to prove who sent an advert that a victim may ask for.
var proofs = []func(*Instance){
	header, signed, monotonic,
	func(in *Instance) { signed(in); ipv6(in) },
	func(in *Instance) { header(in); in.Peers = []netip.Addr{higher} },
	func(in *Instance) { signed(in); v2(in) },
}

// newVictim is master, or the backup of a peer that it has heard once.
func newVictim(t testing.TB, proof func(*Instance), master bool) *victim {
	t.Helper()
	cfg := vi(100, proof)
	cfg.LogUnknown = true
	s := sink{make(chan Frame, 1)}
	l := newLoop(NewRouter(cfg, s, s, slog.New(slog.DiscardHandler)))
	l.configure(epoch, cfg)
	l.setHearing(listens(cfg), Hearing{Interface: "eth0"})
	l.setLink(LinkState{Name: "eth0", Exists: true, Up: true, Primary: ours, Primary6: netip.MustParseAddr("fe80::5")})
	v := &victim{loop: l, in: l.instances[0], peer: newSpeaker(higher, proof)}
	v.dst = v.in.cfg.group()
	switch {
	case v.in.cfg.unicast():
		v.dst = ours
	case v.in.cfg.IPv6():
		v.peer.addr = netip.MustParseAddr("fe80::b")
	}
	if master {
		l.step(v.in, Takeover{"test"})
	}
	l.flush()
	return v
}

// state is everything that a frame could change.
func (v *victim) state() string {
	at, due := v.queue.top()
	return fmt.Sprintf("%+v %+v due %s %v sent %s heard %s batch %v effects %d",
		*v.in.Machine, v.in.guard, due, at == v.in.entry, v.in.sentAt, v.in.heardAt, v.batch, len(v.effects))
}

// try hears a frame that is bad for whatever reason.
func (v *victim) try(t testing.TB, f Frame) {
	t.Helper()
	before := v.state()
	v.receive(f)
	if after := v.state(); after != before {
		t.Fatalf("a bad frame, % x, changed\n%s\nto\n%s", f.Payload, before, after)
	}
}

// FuzzBadFrames: whatever is done to adverts of a peer that proves its origin,
// and whatever is sent again, changes no state, no timer and no counter that
// later adverts are measured by. Then the peer is heard still.
func FuzzBadFrames(f *testing.F) {
	for kind := range proofs {
		for _, edits := range [][]byte{{2, 55, 0}, {1, 1, 0}, {26, 55, 0}, {6, 1, 7, 1}, {12, 1, 24, 255}} {
			f.Add(byte(kind), kind%2 == 0, uint8(255), edits, false)
		}
	}
	f.Add(byte(0), true, uint8(254), []byte{}, true)
	f.Add(byte(3), false, uint8(255), []byte{200, 0}, true)
	f.Fuzz(func(t *testing.T, kind byte, master bool, ttl uint8, edits []byte, cut bool) {
		v := newVictim(t, proofs[int(kind)%len(proofs)], master)
		v.peer.guard.sequence = 10 // The victim has sent one, if it is master.
		first, fresh := v.peer.say(t, v.dst, 200, epoch), v.peer.say(t, v.dst, 200, epoch)
		v.receive(first)
		v.flush()
		if v.in.counters.Received != 1 || v.in.state != Backup {
			t.Fatalf("the peer is not heard: %v", v.in.drops)
		}
		if master {
			v.step(v.in, Takeover{"test"})
			v.flush()
			v.peer.guard.sequence += 10
			fresh = v.peer.say(t, v.dst, 200, epoch)
		}

		v.try(t, first) // a replay
		bad := fresh
		bad.TTL = ttl
		bad.Payload = edit(fresh.Payload, edits, cut)
		if string(bad.Payload) != string(fresh.Payload) || ttl != 255 && bad.Dst.IsMulticast() {
			v.try(t, bad)
			resum(bad)
			if string(bad.Payload) != string(fresh.Payload) {
				v.try(t, bad)
			}
		}

		v.receive(fresh)
		if v.in.counters.Received != 2 || v.in.state != Backup {
			t.Fatalf("the peer is not heard any more: %v", v.in.drops)
		}
	})
}

// edit changes bytes of a payload, pairs of place and difference, and may cut it
// off at the last place.
func edit(payload, edits []byte, cut bool) []byte {
	b := append([]byte(nil), payload...)
	for ; len(edits) >= 2; edits = edits[2:] {
		if cut && len(edits) < 4 {
			return b[:int(edits[0])%(len(b)+1)]
		}
		b[int(edits[0])%len(b)] ^= edits[1]
	}
	return b
}

// resum puts the right checksum on a changed message, as a forger would.
func resum(f Frame) {
	b := f.Payload
	if f.Header != nil {
		b = b[min(len(b), advert.SealedLen(0)):]
	}
	if len(b) < 8 {
		return
	}
	for sum := range 1 << 16 {
		b[6], b[7] = byte(sum>>8), byte(sum)
		if _, drop := advert.Parse(b, f.Src, f.Dst, 255); drop != advert.Checksum {
			return
		}
	}
}

// TestBadFramesOfEveryKind: each check that fails leaves everything as it is.
func TestBadFramesOfEveryKind(t *testing.T) {
	for _, master := range []bool{true, false} {
		for i, proof := range proofs {
			t.Run(fmt.Sprintf("R-16 K-10 proof %d, master %v", i, master), func(t *testing.T) {
				v := newVictim(t, proof, master)
				stale := v.peer.say(t, v.dst, 200, epoch.Add(-time.Hour))
				if v.in.cfg.HMAC != nil && !v.in.cfg.HMAC.Monotonic {
					v.try(t, stale)
				}
				v.peer.guard.sequence = 10
				f := v.peer.say(t, v.dst, 200, epoch)
				for place := range f.Payload {
					bad := f
					bad.Payload = edit(f.Payload, []byte{byte(place), 0xff}, false)
					v.try(t, bad)
				}
				for size := range len(f.Payload) {
					bad := f
					bad.Payload = f.Payload[:size]
					v.try(t, bad)
				}
				stripped := f
				if f.Header != nil {
					stripped.Header, stripped.Payload = nil, f.Payload[advert.SealedLen(0):]
					v.try(t, stripped)
				}
			})
		}
	}
}
