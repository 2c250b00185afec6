package template

import (
	"net/netip"
	"strings"

	"github.com/hashicorp/go-sockaddr"
)

// list are addresses with blanks between.
func list(all sockaddr.IfAddrs) string {
	ips := make([]string, len(all))
	for i, a := range all {
		ips[i] = text(a)
	}
	return strings.Join(ips, " ")
}

// text is the address without its prefix length.
func text(a sockaddr.IfAddr) string { return address(a).String() }

// address is the address as the rest of tandem has it.
func address(a sockaddr.IfAddr) netip.Addr {
	ip := sockaddr.ToIPAddr(a.SockAddr)
	if ip == nil {
		return netip.Addr{}
	}
	addr, _ := netip.AddrFromSlice(*(*ip).NetIP())
	return addr.Unmap()
}

// errNoAddress is what attr says of nothing, where the library says nothing.
var errNoAddress = &mistake{"no address is left of which attr could tell anything"}

// attr is an attribute of the first of some addresses, or of one.
func attr(name string, of any) (string, error) {
	var value string
	var err error
	switch of := of.(type) {
	case sockaddr.IfAddr:
		value, err = sockaddr.IfAttr(name, of)
	case sockaddr.IfAddrs:
		if len(of) == 0 {
			return "", errNoAddress
		}
		value, err = sockaddr.IfAttrs(name, of)
	default:
		return "", mistakef("attr takes addresses, no %T", of)
	}
	return bounded(value, err)
}

// join is an attribute of each address, with a separator between.
func join(name, separator string, of sockaddr.IfAddrs) (string, error) {
	if len(separator)*len(of) > maxText {
		return "", errLong
	}
	return bounded(sockaddr.JoinIfAddrs(name, separator, of))
}

func bounded(value string, err error) (string, error) {
	if err == nil && len(value) > maxText {
		return "", errLong
	}
	return value, err
}
