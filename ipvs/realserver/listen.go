package realserver

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parseSocket reads "0100007F:0050": the address in words of the host's byte
// order, and the port.
func parseSocket(text string) (Socket, bool) {
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(b)%4 != 0 {
		return Socket{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	if addr.Is4In6() {
		addr = addr.Unmap()
	}
	return Socket{Addr: addr, Port: uint16(number)}, ok
}

// ParsePort reads "80", "80/tcp" or "53/udp".
func ParsePort(text string) (Socket, error) {
	number, protocol, _ := strings.Cut(text, "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 || (protocol != "" && protocol != "tcp" && protocol != "udp") {
		return Socket{}, fmt.Errorf("port %q: want a number such as 80, or 53/udp", text)
	}
	return Socket{Port: uint16(port), UDP: protocol == "udp"}, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
