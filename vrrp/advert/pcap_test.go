package advert

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// captured is one VRRP message of a capture, with what its headers said.
type captured struct {
	frame    int    // number in the capture, from 1
	mac      string // source of the Ethernet frame
	src, dst netip.Addr
	ttl      uint8
	header   []byte // IPv4 header of a message in an authentication header; else nil
	payload  []byte // what follows the IP header
}

// message is the VRRP message itself, with what follows it.
func (c captured) message() []byte {
	if c.header != nil {
		return c.payload[ahLen:]
	}
	return c.payload
}

// readCapture returns the VRRP messages of a pcap file of Ethernet frames.
// The captures were made with keepalived and FRR, as their names say.
func readCapture(t testing.TB, name string) []captured {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if binary.LittleEndian.Uint32(b) != 0xa1b2c3d4 || binary.LittleEndian.Uint32(b[20:]) != 1 {
		t.Fatalf("%s: not a little-endian pcap of Ethernet frames", name)
	}
	var found []captured
	frame := 0
	for b = b[24:]; len(b) >= 16; {
		n := binary.LittleEndian.Uint32(b[8:])
		frame++
		if c, ok := dissect(b[16 : 16+n]); ok {
			c.frame = frame
			found = append(found, c)
		}
		b = b[16+n:]
	}
	return found
}

// dissect returns the VRRP message of an Ethernet frame, if it holds one.
func dissect(frame []byte) (c captured, ok bool) {
	for i, b := range frame[6:12] {
		c.mac += fmt.Sprintf("%s%02x", map[bool]string{true: ":"}[i > 0], b)
	}
	ip := frame[14:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if ip[9] != Protocol && ip[9] != HeaderProtocol {
			return c, false
		}
		c.src, _ = netip.AddrFromSlice(ip[12:16])
		c.dst, _ = netip.AddrFromSlice(ip[16:20])
		c.ttl = ip[8]
		end := int(ip[0]&0xf) * 4
		c.payload = ip[end:binary.BigEndian.Uint16(ip[2:])]
		if ip[9] == HeaderProtocol {
			c.header = ip[:end]
		}
	case 0x86dd:
		if ip[6] != Protocol {
			return c, false
		}
		c.src, _ = netip.AddrFromSlice(ip[8:24])
		c.dst, _ = netip.AddrFromSlice(ip[24:40])
		c.ttl = ip[7]
		c.payload = ip[40 : 40+binary.BigEndian.Uint16(ip[4:])]
	default:
		return c, false
	}
	return c, true
}
