package realserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// apply carries a step out. It is no error where the host is so already.
func (s Step) apply() error {
	if err := s.carryOut(); err != nil {
		return fmt.Errorf("make %s: %w%s", s, err, s.hint(err))
	}
	return nil
}

func (s Step) carryOut() error {
	switch s.Kind {
	case AddLink:
		return s.addLink()
	case LinkUp:
		return onLink(s.Device, netlink.LinkSetUp)
	case Set:
		return writeSetting(s.Setting, s.Value)
	case Receive:
		return ignore(setReceiver(s.Port, s.IP, true), unix.EALREADY)
	case AddTable:
		return addTable(masks(s.Masks))
	case AddElement:
		return setElement(s.Address.Addr(), true)
	case AddAddress:
		return s.addAddress()
	case RemoveAddress:
		return s.delAddress()
	}
	return fmt.Errorf("no step %q", s.Kind)
}

// revert takes a step back. It is no error where that has happened already.
// left says why it was not taken back.
func (s Step) revert() (left string, err error) {
	switch s.Kind {
	case AddLink:
		// The kernel keeps a fallback device such as tunl0 and says nothing.
		err = ignoreNoLink(onLink(s.Device, netlink.LinkDel))
	case LinkUp:
		if s.Device == "lo" {
			return "programs rely on it", nil
		}
		err = ignoreNoLink(onLink(s.Device, netlink.LinkSetDown))
	case Set:
		if now := readSetting(s.Setting); now != s.Value {
			return fmt.Sprintf("somebody has set it to %d since", now), nil
		}
		err = ignore(writeSetting(s.Setting, s.Before), unix.ENOENT)
	case Receive:
		err = ignore(setReceiver(s.Port, s.IP, false), unix.EINVAL, unix.ENOENT)
	case AddTable:
		err = ignore(delTable(), unix.ENOENT)
	case AddElement:
		err = ignore(setElement(s.Address.Addr(), false), unix.ENOENT)
	case AddAddress:
		err = ignoreNoLink(s.delAddress())
	case RemoveAddress:
		err = ignoreNoLink(s.addAddress())
	}
	if err != nil {
		return "", fmt.Errorf("take back %s: %w", s, err)
	}
	return "", nil
}

// hint says what to do about an error.
func (s Step) hint(err error) string {
	switch {
	case errors.Is(err, unix.EPERM) || errors.Is(err, os.ErrPermission):
		return " (run it as root)"
	case errors.Is(err, unix.ENOENT) && s.Kind == Receive:
		return " (this kernel has no GUE: modprobe fou)"
	case errors.Is(err, unix.EADDRINUSE) && s.Kind == Receive:
		return " (another program has the port, see ss -ulnp; or somebody receives plain FOU there, see ip fou show)"
	case errors.Is(err, unix.EOPNOTSUPP) && s.Kind == AddLink:
		return fmt.Sprintf(" (this kernel has no devices of type %s)", s.Type)
	case errors.Is(err, unix.EOPNOTSUPP) && s.Kind == AddTable:
		return " (this kernel's nftables knows no ARP: use --arp sysctl)"
	}
	return ""
}

// allowLocalRemote is IP6_TNL_F_ALLOW_LOCAL_REMOTE (uapi/linux/ip6_tunnel.h):
// see inIP6.
const allowLocalRemote = 0x40

func (s Step) addLink() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = s.Device
	var link netlink.Link
	switch s.Type {
	case "dummy":
		link = &netlink.Dummy{LinkAttrs: attrs}
	case "ipip":
		link = &netlink.Iptun{LinkAttrs: attrs}
	case "sit":
		link = &netlink.Sittun{LinkAttrs: attrs}
	case "gre":
		link = &netlink.Gretun{LinkAttrs: attrs}
	case "ip6gre":
		// The type goes by an address; any means the fallback device.
		link = &netlink.Gretun{LinkAttrs: attrs, Local: net.IPv6zero, Remote: net.IPv6zero}
	case "ip6tnl":
		// Protocol 0: whatever is inside.
		link = &netlink.Ip6tnl{LinkAttrs: attrs, Local: s.Local.AsSlice(), Flags: allowLocalRemote}
	default:
		return fmt.Errorf("no type %q", s.Type)
	}
	// EEXIST: loading the module has made the fallback device.
	if err := ignore(netlink.LinkAdd(link), unix.EEXIST); err != nil {
		return err
	}
	_, err := netlink.LinkByName(s.Device)
	return err
}

func (s Step) addAddress() error {
	a := s.netlinkAddr()
	return onLink(s.Device, func(l netlink.Link) error { return ignore(netlink.AddrAdd(l, a), unix.EEXIST) })
}

func (s Step) delAddress() error {
	a := s.netlinkAddr()
	return onLink(s.Device, func(l netlink.Link) error { return ignore(netlink.AddrDel(l, a), unix.EADDRNOTAVAIL) })
}

func (s Step) netlinkAddr() *netlink.Addr {
	a := &netlink.Addr{IPNet: &net.IPNet{
		IP: s.Address.Addr().AsSlice(), Mask: net.CIDRMask(s.Address.Bits(), s.Address.Addr().BitLen()),
	}}
	if s.Host && s.Address.Addr().Is4() {
		a.Scope = unix.RT_SCOPE_HOST
	}
	if s.Address.Addr().Is4() {
		// Where none is given the library makes one up.
		a.Label, a.Broadcast = s.Label, net.IPv4zero
	}
	if s.Broadcast.IsValid() {
		a.Broadcast = s.Broadcast.AsSlice()
	}
	if s.Address.Addr().Is6() {
		// The directors have the address, too: nobody may look for a second one.
		a.Flags = unix.IFA_F_NODAD
	}
	return a
}

func onLink(name string, do func(netlink.Link) error) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return do(l)
}

func writeSetting(path string, value int) error {
	return os.WriteFile(filepath.Join("/proc/sys", path), []byte(strconv.Itoa(value)), 0)
}

// ignore makes nothing of some errors.
func ignore(err error, those ...error) error {
	for _, one := range those {
		if errors.Is(err, one) {
			return nil
		}
	}
	return err
}

func ignoreNoLink(err error) error {
	var missing netlink.LinkNotFoundError
	if errors.As(err, &missing) {
		return nil
	}
	return ignore(err, unix.ENODEV)
}
