package vrrp

import (
	"fmt"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// cause returns what a log should add to the reason for which a message was
// dropped, as attributes: what the sender says and what is wanted here. There
// is no secret in it.
func (in *instance) cause(f Frame, message []byte, a advert.Advert, drop advert.Drop, r reading) []any {
	cfg := in.cfg
	switch drop {
	case advert.Version:
		return []any{"version", a.Version, "ours", cfg.Version}
	case advert.AuthType:
		return []any{"type", authNames[min(int(a.AuthType), len(authNames)-1)], "ours", authNames[cfg.authType()]}
	case advert.IntervalMismatch:
		return []any{"interval", a.Interval, "ours", cfg.Interval}
	case advert.Checksum:
		if other, drop := advert.Parse(message, f.Src, f.Dst, f.TTL, allSums...); drop == advert.Accepted {
			return []any{"hint", sumHints[other.Sum]}
		}
	case advert.UnknownKey:
		t, _ := advert.ParseTrailer(message[a.Size():])
		return []any{"key", t.Key}
	case advert.Stale:
		t, _ := advert.ParseTrailer(message[a.Size():])
		ahead, side := t.Stamp.Ahead(r.steady), "ahead of"
		if ahead < 0 {
			side = "behind"
		}
		return []any{"hint", fmt.Sprintf("the sender's clock is %s %s ours, and time_window is %s", ahead.Abs(), side, cfg.window())}
	case advert.HeaderReplay:
		_, sequence, _ := advert.Unseal(f.Payload)
		return []any{"number", sequence, "last", in.guard.sequence}
	}
	return nil
}

// authNames are the authentication types of version 2 in words.
var authNames = [...]string{advert.AuthNone: "none", advert.AuthPass: "PASS", advert.AuthHeader: "AH", 3: "unknown"}

var allSums = []advert.Sum{advert.PseudoHeader, advert.MessageOnly, advert.OldUnicast}

// sumHints say how the sender of a checksum that is wrong here sums.
var sumHints = [...]string{
	advert.PseudoHeader: "the sender sums with the pseudo-header: v3_checksum_as_v2 must be set on all or on none",
	advert.MessageOnly:  "the sender sums without the pseudo-header: v3_checksum_as_v2 must be set on all or on none",
	advert.OldUnicast:   "the sender sums as keepalived did up to 1.3.6: old_unicast_checksum must be the same on all",
}
