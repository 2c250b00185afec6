package vrrp

import (
	"fmt"
	"strings"

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

// inWords is why a message was dropped, for a status: what its cause has to say,
// or what the reason alone does.
func inWords(drop advert.Drop, cause []any) string {
	switch {
	case drop == advert.UnknownKey && len(cause) == 2:
		return fmt.Sprintf("there is no key %v here", cause[1])
	case len(cause) == 0:
		return dropWords[drop]
	case cause[0] == "hint":
		return cause[1].(string)
	}
	var words []string
	for i := 0; i+1 < len(cause); i += 2 {
		words = append(words, fmt.Sprintf("%v %v", cause[i], cause[i+1]))
	}
	return strings.Join(words, ", ")
}

// dropWords say of a reason that has no cause to add what it means.
var dropWords = [advert.NumDrops]string{
	advert.Truncated:       "they are shorter than they say",
	advert.TTL:             "their TTL is not that of a neighbour",
	advert.Type:            "they are no adverts",
	advert.NoAddresses:     "they have no address",
	advert.IntervalZero:    "their interval is 0",
	advert.Checksum:        "their checksum is wrong",
	advert.OwnAddress:      "that is our own address: a loop, or two hosts have it",
	advert.CastMismatch:    "one of the two sends to unicast_peer, the other to the group",
	advert.AuthFail:        "the passwords differ",
	advert.UnknownPeer:     "it is no unicast_peer here",
	advert.Owner:           "priority 255 here hears nobody",
	advert.HeaderMalformed: "their authentication header is not that of VRRP",
	advert.Unsigned:        "they are not signed, and auth_hmac wants that here",
	advert.Malformed:       "their signature has another form",
	advert.BadHMAC:         "the keys of that number differ",
	advert.Replay:          "they have been heard before",
}
