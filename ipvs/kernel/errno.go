package kernel

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

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

// explain adds to an error what usually is behind it.
func explain(op ipvs.Op, err error) error {
	var hint string
	switch {
	case errors.Is(err, ipvs.ErrNoScheduler):
		hint = fmt.Sprintf("is there a module ip_vs_%s?", op.Service.Scheduler)
		if op.Service.PE != "" {
			hint = fmt.Sprintf("is there a module ip_vs_%s and ip_vs_pe_%s?", op.Service.Scheduler, op.Service.PE)
		}
	case errors.Is(err, ipvs.ErrNotAllowed):
		hint = "it takes root or CAP_NET_ADMIN"
	case !errors.Is(err, ipvs.ErrInvalid):
		return err
	case op.Server.IsValid() && ipvs.FamilyOf(op.Server.Addr()) != op.Key.Family:
		hint = "a server of the other address family must be a TUN one, and cannot be synchronised"
	case op.Server.IsValid() && op.Destination.Lower > op.Destination.Upper:
		hint = "lthreshold is above uthreshold"
	case op.Server.IsValid():
		hint = "the address must be a unicast one, and lo must be up"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, hint)
}
