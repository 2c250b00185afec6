package director

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify/deliver"
)

// stop ends in the order that the other director needs: priority 0, the
// addresses away, and only then the services, which the last packets use.
// Each step has a limit of its own, so that one that hangs takes no time from
// the others; together they stay below the unit's TimeoutStopSec.
func (d *Director) stop(parts *parts, failure error) error {
	d.stopping.Store(true)
	notify(d.log, "STOPPING=1")
	d.log.Info("stopping")
	var errs []error
	for _, step := range d.stopSteps(d.flushTime(), parts) {
		if err := within(step.limit, step.do); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	errs = append(errs, d.clear(parts))
	end := d.config.Notify
	deliver.Script(context.Background(), d.log, "shutdown_script", end.Shutdown, end.ShutdownTimeout, end.Policy)
	return errors.Join(failure, errors.Join(errs...), d.close())
}

// stopStep is one step of a stop.
type stopStep struct {
	what  string
	limit time.Duration
	do    func(context.Context) error
}

func (d *Director) stopSteps(flush time.Duration, parts *parts) []stopStep {
	return []stopStep{
		{"stop the virtual routers", 2 * time.Second, d.router.Stop},
		{"take the addresses away", 3 * time.Second, d.takeAway},
		{"let the newest connections reach the other director, and scripts end", max(flush, goodbye) + time.Second, d.sayGoodbye(flush)},
		// A tracked script that ignores SIGTERM takes three seconds of it.
		{"end all parts", 4 * time.Second, parts.stop},
	}
}

// leave ends the process and leaves everything as it is, for a successor: the
// addresses lose their lifetime, the services forward, connections live on. A
// director that is started before the other one has missed three adverts is
// master still.
func (d *Director) leave(parts *parts) error {
	d.stopping.Store(true)
	notify(d.log, "STOPPING=1")
	d.log.Info("leaving: addresses, services and connections stay; adverts end")
	var errs []error
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"leave the virtual routers", d.router.Leave},
		{"keep the addresses for ever", d.host.Leave},
		{"end all parts", parts.stop},
	} {
		if err := within(2*time.Second, step.do); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return errors.Join(errors.Join(errs...), d.close())
}

// goodbye is how long a stop waits for programs and mail that tell of it: the
// deliverer ends them itself before (Deliverer.Stop).
const goodbye = 4 * time.Second

// takeAway waits until the addresses are gone, static ones too.
func (d *Director) takeAway(ctx context.Context) error {
	d.host.SetStatic(vrrp.Static{}, nil)
	return d.host.Flush(ctx)
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

// clear takes away what is tandem's in the kernel, part by part, of all that
// have ended: what one cannot take away is no reason to leave the rest.
func (d *Director) clear(parts *parts) error {
	if d.balance == nil {
		return nil
	}
	var errs []error
	for _, c := range d.balance.clears() {
		err := errors.New("it still runs and would put it back; the next start removes what is left")
		if !parts.running(c.part) {
			err = within(c.limit, c.do)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("clear %s: %w", c.part, err))
		}
	}
	return errors.Join(errs...)
}

// within does something that shall not take longer than limit.
func within(limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return do(ctx)
}
