package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/net/ipv4"

	"github.com/tandem-ha/tandem/vrrp"
)

// authenticated is a packet with an AH (RFC 4302) around a payload that is
// none of VRRP: the edge does not look into it.
func authenticated(next byte, payload string) (header, rest []byte) {
	header = appendIPv4(nil, vrrp.Outgoing{Src: ip("10.1.0.2"), Dst: group})
	header[9] = protocolAH
	binary.BigEndian.PutUint16(header[4:], 7)
	rest = append([]byte{next, 4, 0, 0, 10, 1, 0, 2, 0, 0, 0, 1}, make([]byte, 12)...)
	rest = append(rest, payload...)
	binary.BigEndian.PutUint16(header[2:], uint16(ipv4.HeaderLen+len(rest)))
	return header, rest
}

func TestAuthenticatedFrame(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near, AuthHeader: true})
	frame := func(next byte, payload string) []byte {
		header, rest := authenticated(next, payload)
		return seal(append(advertFrom("10.1.0.2", "224.0.0.18", group4MAC, nil)[:14], append(header, rest...)...))
	}
	p.inject(t, frame(6, "IPsec of others"))
	sent := frame(protocol, "payload")
	p.inject(t, append(sent, 0, 0, 0))
	f := within(t, n.Frames(), "the frame", func(vrrp.Frame) bool { return true })
	if !bytes.Equal(f.Header, sent[14:34]) || !bytes.Equal(f.Payload, sent[34:]) {
		t.Errorf("heard %x %x\nsent  %x", f.Header, f.Payload, sent[14:])
	}
	if f.Src != ip("10.1.0.2") || f.Dst != group || f.TTL != 255 {
		t.Errorf("heard %+v", f)
	}
	// Plain ones are heard too: the router counts them.
	p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("plain")))
	if f := wantNext(t, n, []byte("plain")); f.Header != nil {
		t.Errorf("heard %+v", f)
	}
}

// K-08: the header is signed, so that all of it but TTL and checksum arrives as
// it was given.
func TestSignedHeaderIsSentAsItIs(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near, AuthHeader: true})
	frames := p.listen(t, typeIPv4)
	header, rest := authenticated(protocol, "payload")
	copy(header[12:], []byte{10, 1, 0, 1})
	for _, mac := range [][6]byte{{}, {0, 0, 0x5e, 0, 1, 51}} {
		if mac != ([6]byte{}) {
			n.Listen([]vrrp.Listen{{Interface: p.near, AuthHeader: true, Own: "vrrp.51"}}, unheeded)
			eventually(t, "a socket for frames", func() bool {
				n.mu.Lock()
				defer n.mu.Unlock()
				return n.sockets[ear{p.near, forFrames}] != nil
			})
		}
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Header: header, Payload: rest, MAC: mac}})...))
		f := within(t, frames, "the frame", func(f []byte) bool { return f[23] == protocolAH })
		want := seal(append(make([]byte, 14), append(bytes.Clone(header), rest...)...))[14:]
		if !bytes.Equal(f[14:], want) {
			t.Errorf("MAC %x: got  %x\nsent %x", mac, f[14:], want)
		}
	}
}

// The AH of keepalived arrives byte by byte, as its signature needs.
func TestKeepalivedAuthenticates(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near, AuthHeader: true})
	p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	virtual_router_id 51
	priority 254
	advert_int 1
	version 2
	authentication {
		auth_type AH
		auth_pass secret
	}
	virtual_ipaddress {
		10.1.0.99/24
	}
}`)
	f := within(t, n.Frames(), "an advert of keepalived", func(f vrrp.Frame) bool { return f.Header != nil })
	if len(f.Header) != ipv4.HeaderLen || f.Header[9] != protocolAH || checksum(f.Header) != 0 {
		t.Errorf("header %x", f.Header)
	}
	if len(f.Payload) != 24+20 || f.Payload[0] != protocol || f.Payload[24] != 0x21 || f.Payload[25] != 51 {
		t.Errorf("payload %x", f.Payload)
	}
}
