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

// Mark gives TCP packets that come in by an interface, to this address of IPv4
// and one of these ports, a firewall mark. It does so by traffic control
// (tc-u32(8), tc-skbedit(8)), which every kernel the lab runs on has, unlike
// nftables.
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
	for _, port := range ports {
		err := h.handle.FilterAdd(&netlink.U32{
			FilterAttrs: netlink.FilterAttrs{
				LinkIndex: l.Attrs().Index, Parent: ingress.Handle, Priority: 1, Protocol: unix.ETH_P_IP,
			},
			Sel:     tcpTo(to, port),
			Actions: []netlink.Action{&netlink.SkbEditAction{ActionAttrs: netlink.ActionAttrs{Action: netlink.TC_ACT_PIPE}, Mark: &mark}},
		})
		if err != nil {
			return fmt.Errorf("add the filter: %w", err)
		}
	}
	return nil
}

// tcpTo is the match of tc-u32(8) for TCP to an address and port, in an IP
// header without options (RFC 791 section 3.1, RFC 9293 section 3.1).
func tcpTo(to netip.Addr, port uint16) *nl.TcU32Sel {
	a := to.As4()
	return &nl.TcU32Sel{
		Flags: nl.TC_U32_TERMINAL,
		Nkeys: 3,
		Keys: []nl.TcU32Key{
			{Mask: 0xff << 16, Val: unix.IPPROTO_TCP << 16, Off: 8},
			{Mask: 0xffffffff, Val: binary.BigEndian.Uint32(a[:]), Off: 16},
			{Mask: 0xffff, Val: uint32(port), Off: 20},
		},
	}
}
