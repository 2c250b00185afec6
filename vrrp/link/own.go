package link

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// ownMark begins the alias (ip link show) of every subinterface that tandem has
// made, so that a run after a crash knows it.
const ownMark = "tandem"

// ownWish is a subinterface as it shall be.
type ownWish struct {
	vrrp.Subinterface
	parent   string
	instance string
	ipv4     bool // an IPv4 address belongs on it
	ipv6     bool // likewise
	up       bool
}

// owned lists the subinterfaces of an instance: its own, and with ForAll one for
// each other interface that it has addresses on.
func owned(instance string, w vrrp.Wish) []ownWish {
	if w.Own == nil {
		return nil
	}
	list := []ownWish{{Subinterface: *w.Own, parent: w.Interface, instance: instance, up: w.Present}}
	for _, a := range w.Addresses {
		name, parent := ownOf(w, a)
		if name == "" {
			continue
		}
		i := slices.IndexFunc(list, func(o ownWish) bool { return o.Name == name })
		if i < 0 {
			i = len(list)
			list = append(list, ownWish{Subinterface: *w.Own, parent: parent, instance: instance, up: w.Present})
			list[i].Name = name
		}
		list[i].ipv4 = list[i].ipv4 || a.Prefix.Addr().Is4()
		list[i].ipv6 = list[i].ipv6 || a.Prefix.Addr().Is6()
	}
	return list
}

// ownOf is the subinterface that an address belongs on, and the interface below
// it; empty: it belongs on an interface of the host.
func ownOf(w vrrp.Wish, a vrrp.Address) (name, parent string) {
	switch {
	case w.Own == nil:
		return "", ""
	case a.Dev == "":
		return w.Own.Name, w.Interface
	case !w.Own.ForAll:
		return "", ""
	case a.Dev == w.Interface:
		return w.Own.Name, w.Interface
	}
	var others []string
	for _, o := range w.Addresses {
		if o.Dev != "" && o.Dev != w.Interface && !slices.Contains(others, o.Dev) {
			others = append(others, o.Dev)
		}
	}
	return fmt.Sprintf("%s.%d", w.Own.AddressPrefix, 1+slices.Index(others, a.Dev)), a.Dev
}

// owns makes, raises, lowers and deletes the subinterfaces of the instances. A
// subinterface exists while its instance is configured and is up only while that
// is master: one that is down emits nothing, so that no switch learns the virtual
// MAC from a backup (RFC 9568 section 7.3; no MLD, no router solicitation). The
// goroutine of Host.Run owns it.
type owns struct {
	log     *slog.Logger
	kernel  *kernel
	sysctl  sysctls
	known   map[string]ownWish // as of the last pass, by name
	set     map[int]ownWish    // whose settings are made, by index
	parents map[string]below   // the interfaces below, by name
	swept   bool
	lower   []string // what tidy is to lower
}

func newOwns(log *slog.Logger, k *kernel) *owns {
	return &owns{
		log: log, kernel: k, known: make(map[string]ownWish),
		set: make(map[int]ownWish), parents: make(map[string]below),
	}
}

// prepare is what comes before the addresses: what is missing is made, those of
// masters are raised, and those with IPv6 addresses that shall go are lowered,
// since taking such an address from an interface that is up sends frames (RFC 3810
// section 6.1). The others are lowered by tidy: it takes the kernel some
// milliseconds each, and their addresses go sooner without. With sweep those that
// an earlier run left are lowered too. It returns by
// instance what keeps a subinterface from being there.
func (o *owns) prepare(wishes []ownWish, sweep bool) map[string]error {
	bad := make(map[string]error)
	sweep = sweep && !o.swept
	o.lower = nil
	if len(wishes) == 0 && !sweep {
		return bad
	}
	links, err := o.links()
	var flips []*nl.NetlinkRequest
	var flipped []ownWish
	if sweep {
		for _, l := range links {
			wanted := slices.ContainsFunc(wishes, func(w ownWish) bool { return w.Name == l.Attrs().Name })
			if marked(l) && !wanted && l.Attrs().RawFlags&unix.IFF_UP != 0 {
				flips, flipped = append(flips, flip(l.Attrs().Index, false)), append(flipped, ownWish{})
			}
		}
	}
	for _, w := range wishes {
		if err != nil {
			bad[w.instance] = err
			continue
		}
		err := o.rename(w, wishes, links)
		var l netlink.Link
		if err == nil {
			l, err = o.provide(w, links)
		}
		if err != nil {
			bad[w.instance] = errors.Join(bad[w.instance], err)
			continue
		}
		switch isUp := l.Attrs().RawFlags&unix.IFF_UP != 0; {
		case isUp && !w.up && !w.ipv6:
			o.lower = append(o.lower, w.Name)
		case isUp != w.up:
			flips, flipped = append(flips, flip(l.Attrs().Index, w.up)), append(flipped, w)
		}
	}
	for i, err := range o.kernel.write(flips) {
		if w := flipped[i]; err != nil && w.instance != "" {
			bad[w.instance] = errors.Join(bad[w.instance], fmt.Errorf("set %s %s: %w", w.Name, map[bool]string{true: "up", false: "down"}[w.up], err))
		}
	}
	return bad
}

// lowerTime is how long a pass may take to lower interfaces. The rest waits for
// the next one, so that nobody who becomes master meanwhile does.
const lowerTime = 50 * time.Millisecond

// tidy is what comes after the addresses: subinterfaces of backups are lowered,
// those that nobody wants go, and once sweep is on those that an earlier run left.
// It says whether it wants to go on in another pass.
func (o *owns) tidy(wishes []ownWish, sweep bool) (again bool, err error) {
	end := time.Now().Add(lowerTime)
	for i, name := range o.lower {
		if i > 0 && time.Now().After(end) {
			again = true
			break
		}
		dev, err := o.kernel.device(name)
		if err == nil {
			err = o.kernel.write([]*nl.NetlinkRequest{flip(dev.index, false)})[0]
		}
		if err != nil && !errors.Is(err, errNoLink) {
			return again, fmt.Errorf("set %s down: %w", name, err)
		}
	}
	return again, o.remove(wishes, sweep)
}

// remove deletes the subinterfaces that nobody wants.
func (o *owns) remove(wishes []ownWish, sweep bool) error {
	now := make(map[string]ownWish, len(wishes))
	for _, w := range wishes {
		now[w.Name] = w
	}
	gone := maps.Clone(o.known)
	maps.DeleteFunc(gone, func(name string, _ ownWish) bool { _, wanted := now[name]; return wanted })
	sweep = sweep && !o.swept
	o.known = now
	if len(gone) == 0 && !sweep {
		return nil
	}
	links, err := o.links()
	if err != nil {
		maps.Copy(o.known, gone) // once more with the next pass
		return err
	}
	var removed []netlink.Link
	for _, l := range links {
		name := l.Attrs().Name
		if _, wanted := now[name]; wanted || !marked(l) {
			continue
		}
		if _, was := gone[name]; !was && !sweep {
			continue
		}
		removed = append(removed, l)
	}
	if err := o.delete(removed...); err != nil {
		maps.Copy(o.known, gone)
		return err
	}
	o.swept = o.swept || sweep
	o.release(removed, links)
	return nil
}

// links reads all interfaces of the host.
func (o *owns) links() ([]netlink.Link, error) {
	msgs, err := o.kernel.read(unix.RTM_GETLINK, unix.NLM_F_DUMP, unix.RTM_NEWLINK, nl.NewIfInfomsg(unix.AF_UNSPEC))
	if err != nil {
		return nil, fmt.Errorf("read interfaces: %w", err)
	}
	list := make([]netlink.Link, 0, len(msgs))
	for _, m := range msgs {
		l, err := netlink.LinkDeserialize(nil, m)
		if err != nil {
			return nil, fmt.Errorf("read interfaces: %w", err)
		}
		list = append(list, l)
	}
	return list, nil
}

func byLinkName(links []netlink.Link, name string) netlink.Link {
	i := slices.IndexFunc(links, func(l netlink.Link) bool { return l.Attrs().Name == name })
	if i < 0 {
		return nil
	}
	return links[i]
}

// marked reports whether an interface was made by tandem.
func marked(l netlink.Link) bool {
	first, _, _ := strings.Cut(l.Attrs().Alias, " ")
	return first == ownMark
}

// provide finds or makes a subinterface. One of the name that is none of tandem's
// is not touched.
func (o *owns) provide(w ownWish, links []netlink.Link) (netlink.Link, error) {
	parent := byLinkName(links, w.parent)
	if parent == nil {
		return nil, fmt.Errorf("make %s on %s: %w", w.Name, w.parent, errNoLink)
	}
	l := byLinkName(links, w.Name)
	if l != nil && !w.matches(l, parent) {
		if !marked(l) {
			return nil, fmt.Errorf("make %s on %s: an interface of that name is there and is none of tandem's; remove it, or give another name behind %s", w.Name, w.parent, w.keyword())
		}
		if err := o.delete(l); err != nil {
			return nil, err
		}
		l = nil
	}
	if l == nil {
		made, err := o.make(w, parent)
		if err != nil {
			return nil, fmt.Errorf("make %s on %s: %w", w.Name, w.parent, err)
		}
		l = made
	}
	return l, o.settle(w, l, parent)
}

func (w ownWish) keyword() string {
	if w.Kind == vrrp.IPVLAN {
		return "use_ipvlan"
	}
	return "use_vmac"
}

// matches reports whether an interface is the one wanted, whoever made it: with
// keepalived's, which it leaves behind when it is killed, nothing else is done.
func (w ownWish) matches(l, parent netlink.Link) bool {
	a := l.Attrs()
	if a.ParentIndex != parent.Attrs().Index {
		return false
	}
	switch l := l.(type) {
	case *netlink.Macvlan:
		return w.Kind == vrrp.MACVLAN && l.Mode == netlink.MACVLAN_MODE_PRIVATE && bytes.Equal(a.HardwareAddr, w.MAC[:])
	case *netlink.IPVlan:
		return w.Kind == vrrp.IPVLAN && l.Mode == netlink.IPVLAN_MODE_L2 && uint16(l.Flag) == ipvlanFlags[w.Mode]
	}
	return false
}

// ipvlanFlags are IPVLAN_F_ in linux/if_link.h, by vrrp.IPVLANMode.
var ipvlanFlags = [...]uint16{vrrp.IPVLANBridge: 0, vrrp.IPVLANPrivate: 1, vrrp.IPVLANVEPA: 2}

// make creates a subinterface, which is down.
func (o *owns) make(w ownWish, parent netlink.Link) (netlink.Link, error) {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	attrs := []nl.NetlinkRequestData{
		nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(w.Name)),
		nl.NewRtAttr(unix.IFLA_LINK, nl.Uint32Attr(uint32(parent.Attrs().Index))),
	}
	if w.Kind == vrrp.IPVLAN {
		info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("ipvlan"))
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		data.AddRtAttr(nl.IFLA_IPVLAN_MODE, nl.Uint16Attr(uint16(netlink.IPVLAN_MODE_L2)))
		data.AddRtAttr(nl.IFLA_IPVLAN_FLAG, nl.Uint16Attr(ipvlanFlags[w.Mode]))
	} else {
		attrs = append(attrs, nl.NewRtAttr(unix.IFLA_ADDRESS, w.MAC[:]))
		info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("macvlan"))
		info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.IFLA_MACVLAN_MODE, nl.Uint32Attr(nl.MACVLAN_MODE_PRIVATE))
	}
	if w.Group != 0 {
		attrs = append(attrs, nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(w.Group)))
	}
	err := o.kernel.write([]*nl.NetlinkRequest{
		newRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, append(attrs, info)...),
	})[0]
	if errors.Is(err, unix.EBUSY) {
		err = fmt.Errorf("%w: an interface can have macvlans or ipvlans on it, not both", err)
	}
	if err != nil {
		return nil, err
	}
	o.log.Info("interface made", "instance", w.instance, "interface", w.Name, "on", w.parent)
	return o.link(w.Name)
}

// link reads one interface.
func (o *owns) link(name string) (netlink.Link, error) {
	msgs, err := o.kernel.read(unix.RTM_GETLINK, 0, unix.RTM_NEWLINK,
		nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	if err != nil {
		return nil, err
	}
	if len(msgs) == 0 {
		return nil, errNoLink
	}
	return netlink.LinkDeserialize(nil, msgs[0])
}

// doomedGroup is the link group of interfaces that are about to be deleted: the
// letters of tandem's name. A group is deleted at once, where one after another
// takes some milliseconds each.
const doomedGroup = 0x746e646d

// delete removes subinterfaces, and their addresses and routes with them.
func (o *owns) delete(links ...netlink.Link) error {
	if len(links) == 0 {
		return nil
	}
	group := nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(doomedGroup))
	var reqs []*nl.NetlinkRequest
	for _, l := range links {
		msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
		msg.Index = int32(l.Attrs().Index)
		reqs = append(reqs, newRequest(unix.RTM_NEWLINK, 0, msg, group))
	}
	reqs = append(reqs, newRequest(unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), group))
	var errs []error
	for _, err := range o.kernel.write(reqs) {
		if err != nil && !errors.Is(err, unix.ENODEV) { // It is gone already.
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("remove interface %s: %w", links[0].Attrs().Name, errors.Join(errs...))
	}
	for _, l := range links {
		delete(o.set, l.Attrs().Index)
		o.log.Info("interface removed", "interface", l.Attrs().Name)
	}
	return nil
}

// flip sets an interface up or down.
func flip(index int, up bool) *nl.NetlinkRequest {
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index, msg.Change = int32(index), unix.IFF_UP
	if up {
		msg.Flags = unix.IFF_UP
	}
	return newRequest(unix.RTM_NEWLINK, 0, msg)
}
