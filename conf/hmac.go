package conf

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// hmacAuth is an auth_hmac block while it is read: keepalived's own signature
// of adverts, which no RFC has.
type hmacAuth struct {
	keys      []hmacKey
	active    int // 0: it says none
	monotonic bool
	window    time.Duration
	mode      vrrp.HMACMode
	masked    bool // a key lost its secret to a dump
	met       seen
}

// hmacKey is a key, and what a file would say to have it.
type hmacKey struct {
	vrrp.HMACKey
	written string
	pos     syntax.Pos
}

var hmacBlock = block[hmacAuth]{hmacBlockName, []row[hmacAuth]{
	custom("key", "ID KEY", (*hmacAuth).addKey).secretly().adding().shown((*hmacAuth).showKeys).
		doc("none: it must be said", "a key by its number from 1 to 255: 32 to 64 bytes as text, hex:DIGITS, or file:PATH, whose last line end does not count"),
	number("active_key", 1, 255, func(h *hmacAuth) *int { return &h.active }).doc("none: it must be said", "number of the key that signs"),
	custom("anti_replay", "time|monotonic", func(h *hmacAuth, l *loader, s *syntax.Statement) {
		if l.oneOf(s.Keyword(), s.Words[1], antiReplay[:]) {
			h.monotonic = s.Words[1].Text == antiReplay[1]
		}
	}).shown(func(h *hmacAuth) []Node {
		if h.monotonic {
			return statement("anti_replay", antiReplay[1])
		}
		return statement("anti_replay", antiReplay[0])
	}).doc("", "how adverts that are sent again are told from new ones: by the clocks of both, or by a number that only grows"),
	wholeSeconds("time_window", 1, 300, func(h *hmacAuth) *time.Duration { return &h.window }).
		shown(func(h *hmacAuth) []Node { return unlessZero("time_window", h.window) }).
		doc("three times advert_int, at least 5", "seconds that clocks may differ"),
	custom("mode", strings.Join(hmacModes[:], "|"), func(h *hmacAuth, l *loader, s *syntax.Statement) {
		if l.oneOf(s.Keyword(), s.Words[1], hmacModes[:]) {
			h.mode = vrrp.HMACMode(slices.Index(hmacModes[:], s.Words[1].Text))
		}
	}).shown(func(h *hmacAuth) []Node { return statement("mode", hmacModes[h.mode]) }).
		doc("", "enforce: sign, and hear only what is signed; permissive: sign, and hear all; receive-only: do not sign, and hear all"),
}}

// hmacModes are the words of vrrp.HMACMode, and antiReplay those of Monotonic.
var (
	hmacModes  = [...]string{vrrp.Enforce: "enforce", vrrp.Permissive: "permissive", vrrp.ReceiveOnly: "receive-only"}
	antiReplay = [...]string{"time", "monotonic"}
)

// readHMAC reads auth_hmac.
func (in *instance) readHMAC(l *loader, s *syntax.Statement) {
	in.hmac, in.HMAC = hmacAuth{}, nil
	l.within(hmacBlockName, func() {
		h := &in.hmac
		h.met = read(l, hmacBlock, h, s.Block)
		signs := slices.ContainsFunc(h.keys, func(k hmacKey) bool { return int(k.ID) == h.active })
		switch {
		case !signs && holdsMasked(s, "key"): // That has been said.
			h.masked = true
		case len(h.keys) == 0:
			l.errorf(s.Pos, "write key ID KEY", "the block is ignored: it has no key")
		case h.active == 0:
			l.errorf(s.Pos, "write active_key and the number of a key", "the block is ignored: it does not say which key signs")
		case !signs:
			l.errorf(h.met.at(s.Pos, "active_key"), "", "the block is ignored: active_key %d is none of its keys", h.active)
		default:
			in.HMAC = h.result()
		}
	})
}

// result is what the block means.
func (h *hmacAuth) result() *vrrp.HMAC {
	all := vrrp.HMAC{Active: uint8(h.active), Mode: h.mode, Monotonic: h.monotonic, Window: h.window}
	for _, k := range h.keys {
		all.Keys = append(all.Keys, k.HMACKey)
	}
	return &all
}

// showHMAC gives the block where it has an effect.
func (in *instance) showHMAC() []Node {
	if in.HMAC == nil {
		return nil
	}
	return blockOf(hmacBlockName, nil, hmacBlock.show(&in.hmac, in.hmac.met))
}

func (h *hmacAuth) showKeys() []Node {
	var all []Node
	for _, k := range h.keys {
		all = append(all, Node{Keyword: "key", Values: []any{int(k.ID), Secret(k.written)}, Pos: k.pos})
	}
	return all
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
	secret, written, err := l.keySecret(w)
	switch {
	case err != nil:
		l.errorf(w.Pos, "", "key %d is ignored: %v", id, err)
	case len(secret) < minKey || len(secret) > maxKey:
		l.errorf(w.Pos, "", "key %d is ignored: it has %d bytes, not %d to %d", id, len(secret), minKey, maxKey)
	case slices.ContainsFunc(h.keys, func(k hmacKey) bool { return int(k.ID) == id }):
		l.errorf(w.Pos, "", "key %d is ignored: there is one of that number", id)
	default:
		h.keys = append(h.keys, hmacKey{vrrp.HMACKey{ID: uint8(id), Secret: vrrp.Secret(secret)}, written, w.Pos})
	}
}

// keySecret is what a key is, and how it is written: what a file holds in
// hexadecimal, so that a dump with its secrets is whole.
func (l *loader) keySecret(w syntax.Word) (secret, written string, err error) {
	if digits, isHex := strings.CutPrefix(w.Text, "hex:"); isHex {
		raw, err := hex.DecodeString(digits)
		if err != nil {
			return "", "", errors.New("hex: takes an even number of hexadecimal digits")
		}
		return string(raw), w.Text, nil
	}
	path, isFile := strings.CutPrefix(w.Text, "file:")
	switch {
	case !isFile:
		return w.Text, w.Text, nil
	case path == "":
		return "", "", errors.New("file: names no file")
	case l.options.Files == nil:
		return "", "", errors.New("no file can be read here")
	case !filepath.IsAbs(path):
		path = filepath.Join(filepath.Dir(w.Pos.File), path)
	}
	text, err := l.options.Files.Read(path)
	if err != nil {
		return "", "", fmt.Errorf("its file cannot be read: %w", err)
	}
	secret = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	return secret, "hex:" + hex.EncodeToString([]byte(secret)), nil
}
