package kernel

import (
	"encoding/binary"
	"errors"
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"
)

// errMalformed is a message whose lengths do not add up.
var errMalformed = errors.New("malformed netlink message")

var native = binary.NativeEndian

// zeroHeader makes room for a netlink header.
var zeroHeader [unix.NLMSG_HDRLEN]byte

// align rounds a length up to netlink's 4 bytes.
func align(n int) int { return (n + 3) &^ 3 }

// answers are the netlink messages of a datagram.
func answers(b []byte) iter.Seq2[answer, error] {
	return func(yield func(answer, error) bool) {
		for len(b) > 0 {
			if len(b) < unix.NLMSG_HDRLEN {
				yield(answer{}, errMalformed)
				return
			}
			size := int(native.Uint32(b))
			if size < unix.NLMSG_HDRLEN || size > len(b) {
				yield(answer{}, errMalformed)
				return
			}
			a := answer{typ: native.Uint16(b[4:]), seq: native.Uint32(b[8:]), body: b[unix.NLMSG_HDRLEN:size]}
			if !yield(a, nil) {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

// attributes walks the attributes in b and sets *err when they do not fit.
func attributes(b []byte, err *error) iter.Seq2[uint16, value] {
	return func(yield func(uint16, value) bool) {
		for len(b) > 0 {
			if len(b) < unix.SizeofNlAttr {
				*err = errMalformed
				return
			}
			size := int(native.Uint16(b))
			if size < unix.SizeofNlAttr || size > len(b) {
				*err = errMalformed
				return
			}
			typ := native.Uint16(b[2:]) & typeMask
			if !yield(typ, b[unix.SizeofNlAttr:size]) {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

// value is an attribute's content. Its readers give 0 for one that is too
// short: the kernel does not send such, and a zero harms nobody.
type value []byte

func (v value) u8() uint8 {
	if len(v) < 1 {
		return 0
	}
	return v[0]
}

func (v value) u16() uint16 {
	if len(v) < 2 {
		return 0
	}
	return native.Uint16(v)
}

func (v value) be16() uint16 {
	if len(v) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(v)
}

func (v value) u32() uint32 {
	if len(v) < 4 {
		return 0
	}
	return native.Uint32(v)
}

func (v value) be32() uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

func (v value) u64() uint64 {
	if len(v) < 8 {
		return 0
	}
	return native.Uint64(v)
}

// text is the string up to its closing zero.
func (v value) text() string {
	for i, c := range v {
		if c == 0 {
			return string(v[:i])
		}
	}
	return string(v)
}

// appendHead appends the head of an attribute of size bytes.
func appendHead(b []byte, typ uint16, size int) []byte {
	b = native.AppendUint16(b, uint16(unix.SizeofNlAttr+size))
	return native.AppendUint16(b, typ)
}

// pad fills up to netlink's alignment.
func pad(b []byte, size int) []byte {
	return append(b, "\x00\x00\x00"[:align(size)-size]...)
}

// appendAttr appends one attribute, padded.
func appendAttr(b []byte, typ uint16, content ...byte) []byte {
	return pad(append(appendHead(b, typ, len(content)), content...), len(content))
}

func appendU16(b []byte, typ, v uint16) []byte {
	return pad(native.AppendUint16(appendHead(b, typ, 2), v), 2)
}

func appendU32(b []byte, typ uint16, v uint32) []byte {
	return native.AppendUint32(appendHead(b, typ, 4), v)
}

func appendBE16(b []byte, typ, v uint16) []byte {
	return pad(binary.BigEndian.AppendUint16(appendHead(b, typ, 2), v), 2)
}

func appendBE32(b []byte, typ uint16, v uint32) []byte {
	return binary.BigEndian.AppendUint32(appendHead(b, typ, 4), v)
}

func appendText(b []byte, typ uint16, s string) []byte {
	b = append(appendHead(b, typ, len(s)+1), s...)
	return pad(append(b, 0), len(s)+1)
}

// appendAddr appends an address in its 4 or 16 bytes.
func appendAddr(b []byte, typ uint16, a netip.Addr) []byte {
	if a.Is4() {
		v := a.As4()
		return append(appendHead(b, typ, len(v)), v[:]...)
	}
	v := a.As16()
	return append(appendHead(b, typ, len(v)), v[:]...)
}

// appendNest appends an attribute whose content is what fill appends.
func appendNest(b []byte, typ uint16, fill func([]byte) []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = fill(b)
	native.PutUint16(b[start:], uint16(len(b)-start))
	native.PutUint16(b[start+2:], typ|unix.NLA_F_NESTED)
	return b
}

// appendMessage appends a netlink message to family with what fill appends
// after the generic-netlink header.
func appendMessage(b []byte, family, flags uint16, seq uint32, cmd, version uint8, fill func([]byte) []byte) []byte {
	start := len(b)
	b = append(b, zeroHeader[:]...)
	b = append(b, cmd, version, 0, 0)
	if fill != nil {
		b = fill(b)
	}
	native.PutUint32(b[start:], uint32(len(b)-start))
	native.PutUint16(b[start+4:], family)
	native.PutUint16(b[start+6:], flags|unix.NLM_F_REQUEST)
	native.PutUint32(b[start+8:], seq)
	return b
}
