package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// ErrNoMarks says that the kernel does not remember who made an address.
var ErrNoMarks = errors.New("this kernel keeps no mark on addresses (that came with Linux 5.18), so those of tandem cannot be told from others; remove what is left with ip address del")

// Cleanup removes what a tandem that is gone has left in this network
// namespace: addresses with its mark, and the routes, rules, interfaces and
// packet filters that came with them. It returns what it removed, in words:
// "192.0.2.80/24 on eth0", "route 10.0.0.0/8 dev eth0", "rule 300 ...",
// "interface vrrp.51", "nftables table inet tandem_vrrp". The error is ErrNoMarks where none can be found.
//
// Nobody else may look after the addresses meanwhile: a tandem that runs would
// put them back.
func Cleanup(ctx context.Context, log *slog.Logger) (removed []string, err error) {
	kern, err := openKernel()
	if err != nil {
		return nil, err
	}
	defer kern.close()
	k := newKeeper(log, kern)
	defer k.announce.close()
	before, err := k.leftovers()
	if err != nil {
		return nil, err
	}
	k.swept = true
	for try := range 2 { // What goes by something else that goes may need a second pass.
		if err = k.reconcile(time.Now()); err == nil && try > 0 || ctx.Err() != nil {
			break
		}
	}
	after, readErr := k.leftovers()
	if readErr != nil {
		return nil, errors.Join(err, readErr)
	}
	for _, what := range before {
		if !slices.Contains(after, what) {
			removed = append(removed, what)
		}
	}
	if err == nil && len(removed) == 0 && !keepsMarks() {
		err = ErrNoMarks
	}
	return removed, errors.Join(err, ctx.Err())
}

// leftovers names all that carries tandem's mark. What the kernel does not tell,
// but for addresses, is left out: a pass over it says why.
func (k *keeper) leftovers() (list []string, err error) {
	addrs, err := k.kernel.addresses(0)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if a.marked || a.static {
			list = append(list, fmt.Sprintf("%s on %s", a.prefix, k.name(a.index)))
		}
	}
	routes, _ := k.kernel.routes(vrrp.RouteProtocol)
	for _, r := range routes {
		list = append(list, k.routeText(r))
	}
	rules, _ := k.kernel.rules()
	for _, r := range rules {
		if r.Protocol == vrrp.RouteProtocol {
			list = append(list, "rule "+r.String())
		}
	}
	links, _ := k.around.owns.links()
	for _, l := range links {
		if marked(l) {
			list = append(list, "interface "+l.Attrs().Name)
		}
	}
	if firewallExists() {
		list = append(list, "nftables table inet "+FirewallTable)
	}
	return list, nil
}

// routeText names a route as ip route does.
func (k *keeper) routeText(r heldRoute) string {
	text := "route "
	if r.kind >= unix.RTN_UNICAST {
		if kind := vrrp.RouteKind(r.kind - unix.RTN_UNICAST); kind != vrrp.Unicast {
			text += kind.String() + " "
		}
	}
	text += r.to.String()
	for _, w := range r.ways {
		if len(r.ways) > 1 {
			text += " nexthop"
		}
		if w.via.IsValid() {
			text += " via " + w.via.String()
		}
		if w.index != 0 {
			text += " dev " + k.name(w.index)
		}
	}
	if r.table != unix.RT_TABLE_MAIN {
		text += fmt.Sprintf(" table %d", r.table)
	}
	return text
}

// keepsMarks says whether the kernel has IFA_PROTO.
func keepsMarks() bool {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return true
	}
	return since518(unix.ByteSliceToString(name.Release[:]))
}

// since518 says whether a release such as "5.10.0-30-amd64" is 5.18 or later.
func since518(release string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return true // Some other numbering; it is not old.
	}
	return major > 5 || major == 5 && minor >= 18
}
