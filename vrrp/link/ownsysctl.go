package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// setting is a kernel setting of one interface (kernel documentation,
// networking/ip-sysctl).
type setting struct {
	family string // "ipv4"
	name   string // "arp_ignore"
	value  int
}

// macvlanSettings are those of a macvlan with a virtual MAC.
var macvlanSettings = []setting{
	// It answers for its own addresses alone, not for those of the interface below,
	// whose ARP requests it sees too.
	{"ipv4", "arp_ignore", 1},
	// It asks with an address of its own: a request with the address of the interface
	// below would tie that address to the virtual MAC.
	{"ipv4", "arp_announce", 2},
	// Answers leave by the interface below, which has the route. Loose, since off
	// would not outweigh net.ipv4.conf.all.rp_filter 1: the larger of both counts.
	{"ipv4", "rp_filter", 2},
}

// quietSettings keep an interface from making addresses of its MAC (RFC 9568
// section 7.4) and from asking for routers.
var quietSettings = []setting{
	{"ipv6", "addr_gen_mode", 1}, // none
	{"ipv6", "accept_ra", 0},
	{"ipv6", "autoconf", 0},
}

// parentSettings are those of an interface with a macvlan on it that has IPv4
// addresses. keepalived sets arp_ignore too; and arp_filter, which changes
// nothing once arp_ignore is set; and accept_local on the macvlan, which it
// needs because it listens there.
var parentSettings = []setting{
	// It does not answer for the virtual addresses: the answer would have its MAC.
	{"ipv4", "arp_ignore", 1},
	// It does not ask with a virtual address: the neighbours would learn its MAC
	// for that from the request.
	{"ipv4", "arp_announce", 2},
}

// sysctls reads and writes settings of interfaces below /proc/sys.
type sysctls struct{}

func (sysctls) path(iface string, s setting) string {
	return "/proc/sys/net/" + s.family + "/conf/" + iface + "/" + s.name
}

func (y sysctls) read(iface string, s setting) (int, error) {
	b, err := os.ReadFile(y.path(iface, s))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// write makes a setting. Where the host lacks it (no IPv6) nothing is to be set.
func (y sysctls) write(iface string, s setting) error {
	if now, err := y.read(iface, s); err == nil && now == s.value {
		return nil
	}
	err := os.WriteFile(y.path(iface, s), []byte(strconv.Itoa(s.value)), 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set net.%s.conf.%s.%s to %d: %w", s.family, iface, s.name, s.value, err)
	}
	return nil
}

// settle makes the settings of a subinterface and of the interface below, once,
// and marks it.
func (o *owns) settle(w ownWish, l, parent netlink.Link) error {
	index := l.Attrs().Index
	w.up = false
	if was, ok := o.set[index]; ok && was == w {
		return nil
	}
	list := slices.Clone(quietSettings)
	// Without an address of IPv6 it takes no part in that at all.
	list = append(list, setting{"ipv6", "disable_ipv6", 1 - int(flag(w.ipv6))})
	if w.Kind == vrrp.MACVLAN {
		list = append(list, macvlanSettings...)
	}
	for _, s := range list {
		if err := o.sysctl.write(w.Name, s); err != nil {
			return err
		}
	}
	if w.Kind == vrrp.MACVLAN && w.ipv4 {
		if err := o.hold(parent, l.Attrs().Alias); err != nil {
			return err
		}
	}
	alias := ownMark
	for _, s := range o.parents[w.parent].were {
		alias += fmt.Sprintf(" %s=%d", s.name, s.value)
	}
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	err := o.kernel.write([]*nl.NetlinkRequest{newRequest(unix.RTM_NEWLINK, 0, msg, nl.NewRtAttr(unix.IFLA_IFALIAS, []byte(alias)))})[0]
	if err != nil {
		return fmt.Errorf("mark interface %s: %w", w.Name, err)
	}
	o.set[index] = w
	return nil
}

// below is an interface whose settings were made.
type below struct {
	index int       // another one of its name has its own settings
	were  []setting // what was changed, and what it was
}

// hold makes the settings of the interface below, and remembers what they were:
// in the alias of the subinterface too, for a run after a crash.
func (o *owns) hold(parent netlink.Link, alias string) error {
	name, index := parent.Attrs().Name, parent.Attrs().Index
	if b, held := o.parents[name]; held && b.index == index {
		return nil
	}
	b := below{index: index}
	for _, s := range parentSettings {
		was, err := o.sysctl.read(name, s)
		if err != nil {
			return fmt.Errorf("read net.%s.conf.%s.%s: %w", s.family, name, s.name, err)
		}
		if was < s.value {
			if err := o.sysctl.write(name, s); err != nil {
				return err
			}
			b.were = append(b.were, setting{s.family, s.name, was})
		} else if n, ok := noted(alias, s.name); ok {
			b.were = append(b.were, setting{s.family, s.name, n})
		}
	}
	o.parents[name] = b
	return nil
}

// noted reads what a setting of the interface below was from an alias.
func noted(alias, name string) (int, bool) {
	for word := range strings.FieldsSeq(alias) {
		if text, ok := strings.CutPrefix(word, name+"="); ok {
			n, err := strconv.Atoi(text)
			return n, err == nil
		}
	}
	return 0, false
}

// release puts the settings back of interfaces that have no subinterface any
// more; of an earlier run's the aliases of those that were just removed tell.
func (o *owns) release(removed, links []netlink.Link) {
	for _, l := range removed {
		parent := byIndex(links, l.Attrs().ParentIndex)
		if parent == nil {
			continue
		}
		if _, held := o.parents[parent.Attrs().Name]; held {
			continue
		}
		b := below{index: parent.Attrs().Index}
		for _, s := range parentSettings {
			if n, ok := noted(l.Attrs().Alias, s.name); ok {
				b.were = append(b.were, setting{s.family, s.name, n})
			}
		}
		o.parents[parent.Attrs().Name] = b
	}
	used := make(map[string]bool)
	for _, w := range o.known {
		used[w.parent] = true
	}
	for name, b := range o.parents {
		if used[name] {
			continue
		}
		if l := byLinkName(links, name); l != nil && l.Attrs().Index == b.index {
			for _, s := range b.were {
				if err := o.sysctl.write(name, s); err != nil {
					o.log.Warn("a setting could not be put back", "error", err)
				}
			}
		}
		delete(o.parents, name)
	}
}

func byIndex(links []netlink.Link, index int) netlink.Link {
	i := slices.IndexFunc(links, func(l netlink.Link) bool { return l.Attrs().Index == index })
	if i < 0 {
		return nil
	}
	return links[i]
}
