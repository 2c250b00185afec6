package conf

import (
	"encoding/hex"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// hmacAuth is an auth_hmac block while it is read: keepalived's own signature
// of adverts, which no RFC has.
type hmacAuth struct {
	keys   map[int]bool
	active int // 0: it says none
}

var hmacBlock = block[hmacAuth]{hmacBlockName, []row[hmacAuth]{
	custom("key", "ID KEY", (*hmacAuth).addKey).secretly().later().doc("none: it must be said", "a key by its number from 1 to 255: 32 to 64 bytes as text, hex:DIGITS, or file:PATH"),
	number("active_key", 1, 255, func(h *hmacAuth) *int { return &h.active }).later().doc("none: it must be said", "number of the key that signs"),
	oneOf[hmacAuth]("anti_replay", "time", "monotonic").later().doc("time", "how adverts that are sent again are told from new ones"),
	inRange[hmacAuth]("time_window", 1, 300).later().doc("three times advert_int, at least 5", "seconds that clocks may differ"),
	oneOf[hmacAuth]("mode", "enforce", "permissive", "receive-only").later().doc("enforce", "whether unsigned adverts are heard, and own ones signed"),
}}

// readHMAC reads auth_hmac.
func (in *instance) readHMAC(l *loader, s *syntax.Statement) {
	l.within(hmacBlockName, func() {
		h := hmacAuth{keys: make(map[int]bool)}
		met := read(l, hmacBlock, &h, s.Block)
		switch pos, _ := met.idled("active_key"); {
		case !h.keys[h.active] && holdsMasked(s, "key"): // That has been said.
			s.Refused = true
		case len(h.keys) == 0:
			l.errorf(s.Pos, "write key ID KEY", "the block is ignored: it has no key")
			s.Refused = true
		case h.active == 0:
			l.errorf(s.Pos, "write active_key and the number of a key", "the block is ignored: it does not say which key signs")
			s.Refused = true
		case !h.keys[h.active]:
			l.errorf(pos, "", "the block is ignored: active_key %d is none of its keys", h.active)
			s.Refused = true
		}
	})
}

// The sizes of a key in bytes.
const minKey, maxKey = 32, 64

// addKey reads one key. No message shows it.
func (h *hmacAuth) addKey(l *loader, s *syntax.Statement) {
	id, ok := l.number("key", s.Words[1], 1, 255)
	if !ok {
		return
	}
	w := s.Words[2]
	l.warnCut("key", w)
	size := len(w.Text)
	if digits, isHex := strings.CutPrefix(w.Text, "hex:"); isHex {
		raw, err := hex.DecodeString(digits)
		if err != nil {
			l.errorf(w.Pos, "", "key %d is ignored: it takes an even number of hexadecimal digits behind hex:", id)
			return
		}
		size = len(raw)
	} else if path, isFile := strings.CutPrefix(w.Text, "file:"); isFile {
		if path == "" {
			l.errorf(w.Pos, "", "key %d is ignored: file: names no file", id)
			return
		}
		size = minKey
	}
	switch {
	case size < minKey || size > maxKey:
		l.errorf(w.Pos, "", "key %d is ignored: it has %d bytes, not %d to %d", id, size, minKey, maxKey)
	case h.keys[id]:
		l.errorf(w.Pos, "", "key %d is ignored: there is one of that number", id)
	default:
		h.keys[id] = true
	}
}
