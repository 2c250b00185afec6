package link

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// rename gives the subinterface that an instance has the name that it shall have
// now: a second one with its MAC could not be up beside it (macvlan_open,
// drivers/net/macvlan.c), and the addresses stay where they are. A kernel that
// does not rename what is up (before Linux 6.2) has it removed, in the same pass.
func (o *owns) rename(w ownWish, wishes []ownWish, links []netlink.Link) error {
	if byLinkName(links, w.Name) != nil {
		return nil
	}
	parent := byLinkName(links, w.parent)
	i := slices.IndexFunc(links, func(l netlink.Link) bool {
		was, known := o.known[l.Attrs().Name]
		return known && parent != nil && marked(l) && w.matches(l, parent) && (w.Kind == vrrp.MACVLAN || was.instance == w.instance) &&
			!slices.ContainsFunc(wishes, func(x ownWish) bool { return x.Name == l.Attrs().Name })
	})
	if i < 0 {
		return nil
	}
	l := links[i].Attrs()
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(l.Index)
	err := o.kernel.write([]*nl.NetlinkRequest{
		newRequest(unix.RTM_NEWLINK, 0, msg, nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(w.Name))),
	})[0]
	if errors.Is(err, unix.EBUSY) {
		return o.delete(links[i])
	}
	if err != nil {
		return fmt.Errorf("rename %s to %s: %w", l.Name, w.Name, err)
	}
	o.log.Info("interface renamed", "instance", w.instance, "interface", w.Name, "was", l.Name)
	delete(o.known, l.Name)
	l.Name = w.Name
	delete(o.set, l.Index)
	return nil
}
