package probe

import (
	"context"
	"fmt"

	"github.com/tandem-ha/tandem/healthcheck"
)

// TCP is TCP_CHECK: it passes when a connection is set up within the timeout,
// and closes it with a FIN.
//
// A reset instead would spare this host the TIME_WAIT, a minute and some 200
// bytes for each probe, but servers log it as an error of their client. At
// 2,000 probes a second 120,000 sockets rest in TIME_WAIT; beyond
// net.ipv4.tcp_max_tw_buckets the kernel drops the oldest early, which does
// no harm here. A server that speaks first (SMTP, SSH) may still see a reset,
// when its greeting arrives before we close: the kernel sends one for data
// that nobody read.
type TCP struct{ dial dialer }

// Check implements healthcheck.Checker.
func (t TCP) Check(ctx context.Context) (healthcheck.Reason, string) {
	conn, err := t.dial.connect(ctx)
	if err != nil {
		return t.dial.failed(err)
	}
	if err := conn.Close(); err != nil {
		return healthcheck.LocalError, text(err)
	}
	return healthcheck.Passed, "connected"
}

// failed says why there is no connection.
func (d *dialer) failed(err error) (healthcheck.Reason, string) {
	reason := reasonOf(err)
	if reason == healthcheck.TimedOut {
		return reason, fmt.Sprintf("connect: no answer within %s", d.timeout)
	}
	return reason, text(err)
}
