package lab

import (
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// protocolVRRP is VRRP's number in the IP header (RFC 9568 section 5.1.1.4).
const protocolVRRP = 112

// protocolAH is that of the authentication header, in which version 2 may come
// (RFC 4302).
const protocolAH = 51

// protocolField is where an IP header names what follows it. An IPv6 advert has
// no extension headers.
type protocolField struct {
	etherType uint16
	word      int32  // Offset of the 32-bit word that holds the field.
	shift     uint32 // Of the field within the word.
}

// protocolFields are those of IPv4 (RFC 791 section 3.1: byte 9) and of IPv6
// (RFC 8200 section 3: byte 6). Never changed.
var protocolFields = [...]protocolField{
	{unix.ETH_P_IP, 8, 16},
	{unix.ETH_P_IPV6, 4, 8},
}

// is is the key of tc-u32(8) for a protocol in this field.
func (f protocolField) is(protocol uint32) nl.TcU32Key {
	return nl.TcU32Key{Mask: 0xff << f.shift, Val: protocol << f.shift, Off: f.word}
}

// selector is the match of tc-u32(8) for all of these keys.
func selector(keys ...nl.TcU32Key) *nl.TcU32Sel {
	return &nl.TcU32Sel{Flags: nl.TC_U32_TERMINAL, Nkeys: uint8(len(keys)), Keys: keys}
}

// advertMatch is a frame that may be an advert.
type advertMatch struct {
	etherType uint16
	key       nl.TcU32Key
}

// advertMatches are all of them.
func advertMatches() (list []advertMatch) {
	for _, family := range protocolFields {
		for _, protocol := range [...]uint32{protocolVRRP, protocolAH} {
			list = append(list, advertMatch{family.etherType, family.is(protocol)})
		}
	}
	return list
}
