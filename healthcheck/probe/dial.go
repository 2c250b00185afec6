package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/healthcheck"
)

// defaultTimeout is keepalived's connect_timeout where none is configured.
const defaultTimeout = 5 * time.Second

// dialer opens the connections of one checker.
type dialer struct {
	target  netip.AddrPort
	address string // target, as net wants it
	timeout time.Duration
	net     net.Dialer
}

func newDialer(s healthcheck.Spec) (dialer, error) {
	if !s.Target.IsValid() || s.Target.Port() == 0 {
		return dialer{}, fmt.Errorf("target %s: no address and port to connect to", s.Target)
	}
	d := dialer{target: s.Target, address: s.Target.String(), timeout: s.Timeout}
	if d.timeout <= 0 {
		d.timeout = defaultTimeout
	}
	// A probe lives too briefly for keep-alive, and a literal address needs
	// no second attempt on another family.
	d.net = net.Dialer{Timeout: d.timeout, KeepAlive: -1, FallbackDelay: -1}
	if !s.Bind.IsValid() {
		return d, nil
	}
	if s.Bind.Unmap().Is4() != s.Target.Addr().Unmap().Is4() {
		return dialer{}, fmt.Errorf("bind address %s and target %s are of different families", s.Bind, s.Target.Addr())
	}
	d.net.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(s.Bind, 0))
	d.net.Control = portAtConnect
	return d, nil
}

// portAtConnect leaves the choice of the source port to connect. Bind alone
// would have to find a port that is free towards everybody, and thousands of
// probes a second, each a minute in TIME_WAIT, would use up all 28,000;
// connect needs one that is free towards this target. For the same reason
// nothing is bound where no bindto is configured.
func portAtConnect(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}); e != nil {
		return e
	}
	return err
}

// connect opens a connection to the target within the timeout. The address is
// literal: no name is looked up and no proxy is asked.
func (d *dialer) connect(ctx context.Context) (net.Conn, error) {
	return d.net.DialContext(ctx, "tcp", d.address)
}
