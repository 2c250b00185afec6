package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// translate turns what the kernel answers to a command into the errors of
// package ipvs; the errno stays inside for who wants to see it.
func translate(cmd uint8, errno unix.Errno) error {
	var kind error
	switch errno {
	case 0:
		return nil
	case unix.EEXIST:
		kind = ipvs.ErrExist
	case unix.ESRCH:
		kind = ipvs.ErrNotExist
	case unix.ENOENT:
		kind = ipvs.ErrNotExist
		if cmd == cmdNewService || cmd == cmdSetService {
			kind = ipvs.ErrNoScheduler
		}
	case unix.EPERM:
		kind = ipvs.ErrNotAllowed
	case unix.EINVAL, unix.ERANGE, unix.EAFNOSUPPORT:
		kind = ipvs.ErrInvalid
	default:
		return errno
	}
	return fmt.Errorf("%w (%w)", kind, errno)
}

// explain adds to an error what usually is behind it and what to do.
func explain(op ipvs.Op, err error) error {
	var hint string
	switch {
	case errors.Is(err, ipvs.ErrNoScheduler):
		offers := Schedulers()
		if op.Service.PE != "" && slices.Contains(offers, op.Service.Scheduler) {
			return noEngine{op.Service.PE, err} // since the scheduler is there
		}
		hint = missing(op.Service, offers)
	case errors.Is(err, ipvs.ErrNotAllowed):
		hint = "it takes root or CAP_NET_ADMIN"
	case !errors.Is(err, ipvs.ErrInvalid):
		return err
	case op.Server.IsValid():
		hint = refusedServer(op, err)
	case op.Key.Family == ipvs.IPv6 && op.Service.Granularity > 128:
		hint = "a prefix is 1 to 128 bits long"
	case len(op.Service.Scheduler) > ipvs.MaxName || len(op.Service.PE) > ipvs.MaxName:
		hint = fmt.Sprintf("no scheduler or persistence engine has a name of more than %d letters", ipvs.MaxName)
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, hint)
}

// noEngine is ipvs.ErrNoScheduler where it can only be the persistence engine:
// the kernel has one error for both.
type noEngine struct {
	name string
	err  error
}

func (e noEngine) Error() string {
	return fmt.Sprintf("persistence engine not available: modprobe ip_vs_pe_%s", e.name)
}

func (e noEngine) Unwrap() error { return e.err }

// missing says what to load for a service that the kernel refuses with ENOENT.
func missing(s ipvs.Service, offers []string) string {
	hint := "modprobe ip_vs_" + s.Scheduler
	if s.PE != "" {
		hint += " and ip_vs_pe_" + s.PE
	}
	if len(offers) > 0 {
		hint += "; this kernel has the schedulers " + strings.Join(offers, " ")
	}
	return hint
}

// refusedServer guesses, in the kernel's own order (ip_vs_genl_set_cmd,
// __ip_vs_update_dest, ip_vs_new_dest), why a server is invalid.
func refusedServer(op ipvs.Op, err error) string {
	addr := op.Server.Addr()
	switch {
	case errors.Is(err, unix.ERANGE) || op.Destination.Lower > op.Destination.Upper:
		return "the lower threshold must not be above the upper one, nor the weight below 0"
	case ipvs.FamilyOf(addr) != op.Key.Family && op.Destination.Forwarding != ipvs.Tunnel:
		return "a server of the other address family must be a tunnel one"
	case ipvs.FamilyOf(addr) != op.Key.Family:
		return "a server of the other address family cannot be synchronised: stop the sync daemons first, and it takes Linux 3.18"
	case addr.IsUnspecified() || addr.IsMulticast() || addr == broadcast:
		return "the address must be a unicast one"
	case !hasIPv4():
		return "no interface here has an IPv4 address: ip link set lo up"
	case op.Destination.Forwarding == ipvs.Tunnel && op.Destination.Tunnel.Type != ipvs.IPIP:
		return fmt.Sprintf("this kernel may lack %s tunnels: GUE takes Linux 5.3 and GRE 5.4", op.Destination.Tunnel.Type)
	}
	return "the address must be a unicast one, local or with a route"
}

// hasIPv4 says whether this network namespace has any IPv4 address, without
// which the kernel takes no server for a local or a unicast one.
func hasIPv4() bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return true // so that nobody is sent after a guess
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return true
		}
	}
	return false
}
