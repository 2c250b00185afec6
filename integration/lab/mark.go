package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Mark gives TCP packets that come in by an interface, to this address and one
// of these ports, a firewall mark. It does so by traffic control (tc-u32(8),
// tc-skbedit(8)), which every kernel the lab runs on has, unlike nftables.
func (h *Host) Mark(link string, to netip.Addr, ports []uint16, mark uint32) error {
	if err := h.mark(link, to, ports, mark); err != nil {
		return fmt.Errorf("mark packets to %s in %s: %w", to, h.Name, err)
	}
	return nil
}

func (h *Host) mark(link string, to netip.Addr, ports []uint16, mark uint32) error {
	l, err := h.handle.LinkByName(link)
	if err != nil {
		return err
	}
	ingress := &netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: l.Attrs().Index,
		Handle:    netlink.MakeHandle(0xffff, 0),
		Parent:    netlink.HANDLE_INGRESS,
	}}
	if err := h.handle.QdiscAdd(ingress); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add the ingress discipline: %w", err)
	}
	family := netlink.FilterAttrs{LinkIndex: l.Attrs().Index, Parent: ingress.Handle, Priority: 1, Protocol: unix.ETH_P_IP}
	if to.Is6() {
		family.Priority, family.Protocol = 2, unix.ETH_P_IPV6
	}
	for _, port := range ports {
		err := h.handle.FilterAdd(&netlink.U32{
			FilterAttrs: family,
			Sel:         tcpTo(to, port),
			Actions:     []netlink.Action{&netlink.SkbEditAction{ActionAttrs: netlink.ActionAttrs{Action: netlink.TC_ACT_PIPE}, Mark: &mark}},
		})
		if err != nil {
			return fmt.Errorf("add the filter: %w", err)
		}
	}
	return nil
}

// tcpTo is the match of tc-u32(8) for TCP to an address and port (RFC 9293
// section 3.1), in a header without options (RFC 791 section 3.1, RFC 8200
// section 3).
func tcpTo(to netip.Addr, port uint16) *nl.TcU32Sel {
	field, address, header := protocolFields[0], int32(16), int32(20)
	if to.Is6() {
		field, address, header = protocolFields[1], 24, 40
	}
	keys := []nl.TcU32Key{
		field.is(unix.IPPROTO_TCP),
		{Mask: 0xffff, Val: uint32(port), Off: header},
	}
	for b := to.AsSlice(); len(b) > 0; b = b[4:] {
		keys = append(keys, nl.TcU32Key{Mask: 0xffffffff, Val: binary.BigEndian.Uint32(b), Off: address})
		address += 4
	}
	return selector(keys...)
}
