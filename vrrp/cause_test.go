package vrrp

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// TestDropsAreExplained: the log says what the sender says and what is wanted,
// once until the state changes, and no secret.
func TestDropsAreExplained(t *testing.T) {
	sum := func(s ChecksumForm) func(*Instance) {
		return func(in *Instance) { in.Wire.Checksum = s }
	}
	other := func(in *Instance) { signed(in); in.HMAC.Active = 2; in.HMAC.Keys = in.HMAC.Keys[1:] }
	first := func(in *Instance) { signed(in); in.HMAC.Keys = in.HMAC.Keys[:1] }
	tests := []struct {
		name        string
		here, there func(*Instance)
		at          time.Duration // of the sender's clock
		want        string
	}{
		{"K-47 C-06 it sums otherwise", sum(PseudoHeader), sum(MessageOnly), 0, `reason=checksum`},
		{"C-06 and how", sum(PseudoHeader), sum(MessageOnly), 0, `hint="the sender sums without the pseudo-header: v3_checksum_as_v2 must be set on all or on none"`},
		{"C-06 or the other way round", sum(MessageOnly), sum(PseudoHeader), 0, `hint="the sender sums with the pseudo-header: v3_checksum_as_v2 must be set on all or on none"`},
		{"R-02 another version", v2, signed, 0, "reason=version from=10.20.0.10 to=224.0.0.18 ttl=255 length=40 version=3 ours=2"},
		{"R-13 another interval", v2, func(in *Instance) { v2(in); in.Interval = 2 * interval }, 0, "reason=interval-mismatch from=10.20.0.10 to=224.0.0.18 ttl=255 length=20 interval=2s ours=1s"},
		{"R-15 another type of authentication", header, auth, 0, "reason=auth-type from=10.20.0.10 to=224.0.0.18 ttl=255 length=20 type=PASS ours=AH"},
		{"R-15 another password", auth, func(in *Instance) { auth(in); in.Auth[0] = 'x' }, 0, "reason=auth-fail"},
		{"K-51 another key", first, other, 0, "reason=hmac-unknown-key from=10.20.0.10 to=224.0.0.18 ttl=255 length=40 key=2"},
		{"K-51 another clock", signed, signed, -time.Minute, `hint="the sender's clock is 1m0s behind ours, and time_window is 5s"`},
		{"K-51 another clock", signed, signed, time.Hour, `hint="the sender's clock is 1h0m0s ahead of ours, and time_window is 5s"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVictim(t, tt.here, false)
			var log strings.Builder
			v.log = slog.New(slog.NewTextHandler(&log, nil))
			for range 3 {
				v.receive(newSpeaker(higher, tt.there).say(t, advert.Group4, 200, epoch.Add(tt.at)))
			}
			if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, tt.want) || strings.Contains(text, "ecret") || strings.Contains(text, "kkk") {
				t.Errorf("it logs\n%swant once %s", text, tt.want)
			}
		})
	}
	t.Run("R-15 the status tells who is not heard", func(t *testing.T) {
		v := newVictim(t, auth, false)
		f := newSpeaker(higher, func(in *Instance) { auth(in); in.Auth[0] = 'x' }).say(t, advert.Group4, 200, epoch)
		v.receive(f)
		v.receive(f)
		want := []Dropped{{Reason: advert.AuthFail, Count: 2, From: higher, At: v.now, Why: "the passwords differ"}}
		if got := v.status(v.instances[0]).Dropped; !slices.Equal(got, want) {
			t.Errorf("it tells %v, want %v", got, want)
		}
	})
	t.Run("R-02 R-13 and what differs", func(t *testing.T) {
		v := newVictim(t, v2, false)
		v.receive(newSpeaker(higher, signed).say(t, advert.Group4, 200, epoch))
		v.receive(newSpeaker(higher, func(in *Instance) { v2(in); in.Interval = 2 * interval }).say(t, advert.Group4, 200, epoch))
		var why []string
		for _, d := range v.status(v.instances[0]).Dropped {
			why = append(why, d.Why)
		}
		if want := []string{"version 3, ours 2", "interval 2s, ours 1s"}; !slices.Equal(why, want) {
			t.Errorf("it tells %q, want %q", why, want)
		}
	})
	t.Run("K-09 K-47 a number that was used", func(t *testing.T) {
		v := newVictim(t, header, false)
		var log strings.Builder
		v.log = slog.New(slog.NewTextHandler(&log, nil))
		f := v.peer.say(t, v.dst, 200, epoch)
		v.receive(f)
		v.receive(f)
		if text := log.String(); !strings.Contains(text, "reason=ah-replay") || !strings.Contains(text, "number=1 last=1") {
			t.Errorf("it logs\n%s", text)
		}
	})
	t.Run("K-47 R-06 log_unknown_vrids", func(t *testing.T) {
		v := newVictim(t, func(*Instance) {}, false)
		var log strings.Builder
		v.log = slog.New(slog.NewTextHandler(&log, nil))
		for _, vrid := range []uint8{7, 7, 8} {
			s := newSpeaker(netip.MustParseAddr("10.20.0.77"), func(in *Instance) { in.VRID = vrid })
			v.receive(s.say(t, advert.Group4, 200, epoch))
		}
		if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "vrid=7 from=10.20.0.77") {
			t.Errorf("it logs\n%s", text)
		}
		if v.strays[advert.VRID] != 3 {
			t.Errorf("counted %d", v.strays[advert.VRID])
		}
	})
}
