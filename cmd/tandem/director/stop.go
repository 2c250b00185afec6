package director

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/vrrp"
)

// stop ends in the order that the other director needs: priority 0, the
// addresses away, and only then the services, which the last packets use.
// Each step has a limit of its own, so that one that hangs takes no time from
// the others; together they stay below the unit's TimeoutStopSec.
func (d *Director) stop(parts *parts, failure error) error {
	d.stopping.Store(true)
	notify(d.log, "STOPPING=1")
	d.log.Info("stopping")
	flush := d.flushTime()
	var errs []error
	for _, step := range []struct {
		what  string
		limit time.Duration
		do    func(context.Context) error
	}{
		{"stop the virtual routers", 2 * time.Second, d.router.Stop},
		{"take the addresses away", 3 * time.Second, d.host.Flush},
		{"let the newest connections reach the other director", flush + time.Second, pause(flush)},
		{"end all parts", 2 * time.Second, parts.stop},
		{"clear IPVS", 4 * time.Second, func(ctx context.Context) error { return d.clear(ctx, parts) }},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), step.limit)
		if err := step.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
		cancel()
	}
	return errors.Join(failure, errors.Join(errs...), d.close())
}

// flushTime is how long the kernel may hold back what it has not yet told the
// other director of connections: nothing if it tells nothing, or had none.
func (d *Director) flushTime() time.Duration {
	if d.balance == nil || d.config.Sync == nil {
		return 0
	}
	for _, i := range d.router.Snapshot() {
		if i.State == vrrp.Master {
			return connsync.FlushTime
		}
	}
	return 0
}

func pause(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// clear takes away what is tandem's in IPVS, once nobody repairs it any more.
func (d *Director) clear(ctx context.Context, parts *parts) error {
	switch {
	case d.balance == nil:
		return nil
	case !parts.ended():
		return errors.New("a part still runs and would put it back; the next start removes what is left")
	}
	return d.balance.clear(ctx)
}
