package link

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestParseIPv4(t *testing.T) {
	packet := func(change func(b []byte)) []byte {
		b := appendIPv4(nil, vrrp.Outgoing{Src: ip("10.0.0.1"), Dst: group, Payload: []byte("payload")})
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		change(b)
		return b
	}
	tests := []struct {
		name string
		in   []byte
		want string // the payload; empty: refused
	}{
		{"whole", packet(func([]byte) {}), "payload"},
		{"shorter than its frame", packet(func(b []byte) { b[3] -= 3 }), "payl"},
		{"header options", packet(func(b []byte) { b[0] = 0x46 }), "oad"},
		{"nothing", nil, ""},
		{"half a header", packet(func([]byte) {})[:19], ""},
		{"another version", packet(func(b []byte) { b[0] = 0x65 }), ""},
		{"a header length below the minimum", packet(func(b []byte) { b[0] = 0x44 }), ""},
		{"a total length below the header's", packet(func(b []byte) { b[3] = 19 }), ""},
		{"a total length beyond the frame", packet(func(b []byte) { b[3]++ }), ""},
		{"protocol 51", packet(func(b []byte) { b[9] = 51 }), "payload"},
		{"another protocol", packet(func(b []byte) { b[9] = 113 }), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, ok := parseIPv4(tt.in)
			payload := f.Payload
			if string(payload) != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", payload, ok, tt.want)
			}
		})
	}
}

func FuzzParseIPv4(f *testing.F) {
	seed := appendIPv4(nil, vrrp.Outgoing{Src: ip("10.0.0.1"), Dst: group, Payload: []byte("payload")})
	seed[3] = byte(len(seed))
	f.Add(seed)
	f.Add([]byte{0x4f})
	f.Fuzz(func(t *testing.T, b []byte) {
		first, ok := parseIPv4(b)
		if !ok || len(b) > 1<<15 {
			return
		}
		// What is sent again is heard the same, but for the options.
		out := vrrp.Outgoing{Src: first.Src, Dst: first.Dst, TTL: first.TTL, Payload: first.Payload, Header: first.Header}
		again := appendPacket(nil, out)
		binary.BigEndian.PutUint16(again[2:], uint16(len(again)))
		if first.TTL == 0 {
			first.TTL = defaultTTL // which is what 0 says
		}
		second, ok := parseIPv4(again)
		if second.TTL == 0 {
			second.TTL = defaultTTL
		}
		if !ok || second.Src != first.Src || second.Dst != first.Dst || second.TTL != first.TTL || !bytes.Equal(second.Payload, first.Payload) {
			t.Errorf("%x became %x", b, again)
		}
	})
}

func TestArrival(t *testing.T) {
	now := time.Now()
	stamp := func(at time.Time) []byte {
		b := make([]byte, unix.CmsgSpace(int(timespecSize)))
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		h.Level, h.Type = unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS
		h.SetLen(unix.CmsgLen(int(timespecSize)))
		ts, err := unix.TimeToTimespec(at)
		must(t, err)
		*(*unix.Timespec)(unsafe.Pointer(&b[unix.CmsgLen(0)])) = ts
		return b
	}
	tests := []struct {
		name string
		oob  []byte
		want time.Duration // before now
	}{
		{"just now", stamp(now), 0},
		{"it waited while the process was stopped", stamp(now.Add(-3 * time.Second)), 3 * time.Second},
		{"no timestamp", nil, 0},
		{"the clock was set back since", stamp(now.Add(time.Minute)), 0},
		{"T-10 the clock was set back by an hour since", stamp(now.Add(time.Hour)), 0},
		{"T-10 the clock was set forward by an hour since", stamp(now.Add(-time.Hour)), 0},
		{"the clock was set forward since", stamp(now.Add(-24 * time.Hour)), 0},
		{"garbage", []byte{1, 2, 3}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := now.Sub(parseAncillary(tt.oob).arrival(now)); got != tt.want {
				t.Errorf("arrived %s ago, want %s", got, tt.want)
			}
		})
	}
}
