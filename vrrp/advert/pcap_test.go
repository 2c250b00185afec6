package advert

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// captured is one VRRP message of a capture, with what its IP header said.
type captured struct {
	src, dst netip.Addr
	ttl      uint8
	payload  []byte
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
	for b = b[24:]; len(b) >= 16; {
		n := binary.LittleEndian.Uint32(b[8:])
		if c, ok := dissect(b[16 : 16+n]); ok {
			found = append(found, c)
		}
		b = b[16+n:]
	}
	if len(found) == 0 {
		t.Fatalf("%s: no VRRP in it", name)
	}
	return found
}

// dissect returns the VRRP message of an Ethernet frame, if it holds one.
func dissect(frame []byte) (c captured, ok bool) {
	ip := frame[14:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if ip[9] != Protocol {
			return c, false
		}
		c.src, _ = netip.AddrFromSlice(ip[12:16])
		c.dst, _ = netip.AddrFromSlice(ip[16:20])
		c.ttl = ip[8]
		c.payload = ip[int(ip[0]&0xf)*4 : binary.BigEndian.Uint16(ip[2:])]
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
