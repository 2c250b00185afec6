package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNoMarks says that the kernel does not remember who made an address.
var ErrNoMarks = errors.New("this kernel keeps no mark on addresses (that came with Linux 5.18), so those of tandem cannot be told from others; remove what is left with ip address del")

// Cleanup removes what a tandem that is gone has left in this network
// namespace: addresses with its mark, and the routes, rules, interfaces and
// packet filters that came with them. It returns the addresses that it removed,
// as "192.0.2.80/24 on eth0". The error is ErrNoMarks where none can be found.
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
	before, err := kern.addresses(0)
	if err != nil {
		return nil, err
	}
	names := make(map[place]string)
	for _, a := range before {
		names[a.place] = fmt.Sprintf("%s on %s", a.prefix, k.name(a.index)) // while the interface is there
	}
	k.swept = true
	for try := range 2 { // What goes by something else that goes may need a second pass.
		if err = k.reconcile(time.Now()); err == nil && try > 0 || ctx.Err() != nil {
			break
		}
	}
	after, readErr := kern.addresses(0)
	if readErr != nil {
		return nil, errors.Join(err, readErr)
	}
	there := places(after)
	for _, a := range before {
		if (a.marked || a.static) && !there[a.place] {
			removed = append(removed, names[a.place])
		}
	}
	if err == nil && len(removed) == 0 && !keepsMarks() {
		err = ErrNoMarks
	}
	return removed, errors.Join(err, ctx.Err())
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
