package director

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells the service manager how the director is (sd_notify(3)).
// Without one it does nothing.
func notify(log *slog.Logger, states ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(states, "\n")); err != nil {
		log.Warn("tell systemd", "error", err)
	}
}

// newWatchdog ticks at half the service manager's WatchdogSec, or never where
// it does not ask.
func newWatchdog() (<-chan time.Time, func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(interval / 2)
	return ticker.C, ticker.Stop
}

// feed tells the service manager that the director works: that it does rounds,
// and that its virtual routers do.
func (d *Director) feed(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := d.router.Ping(ctx); err != nil {
		d.log.Error("the virtual routers hang", "error", err)
		return
	}
	notify(d.log, "WATCHDOG=1")
}
