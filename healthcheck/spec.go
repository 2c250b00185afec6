package healthcheck

import (
	"net/netip"
	"time"
)

// Kind names a checker by its keepalived keyword.
type Kind string

// The checkers that exist.
const (
	TCP  Kind = "TCP_CHECK"
	HTTP Kind = "HTTP_GET"
)

// Spec says what to probe and how. It is plain data: it crosses to another
// process as JSON, and two equal Specs are the same probe, run once.
type Spec struct {
	Kind    Kind
	Target  netip.AddrPort // connect_ip and connect_port, else the real server's
	Bind    netip.Addr     // bindto; zero: the kernel chooses
	Timeout time.Duration  // connect_timeout: bound for connect, and for each reply

	Interval   time.Duration // delay_loop
	Retries    int           // retry: further attempts before a success turns into a failure
	RetryDelay time.Duration // delay_before_retry

	HTTP []URL // HTTP_GET: each must pass, in order
}

// URL is one request of an HTTP_GET (keyword url).
type URL struct {
	Path        string
	VirtualHost string      // Host header; empty: the target
	Status      []StatusSet // accepted codes; empty: 200-299
	Digest      string      // expected MD5 of the body, 32 lower-case hex digits; empty: any
}

// StatusSet is an inclusive range of HTTP status codes.
type StatusSet struct{ From, To int }

// Key identifies what a result belongs to: one probed thing as the director
// sees it, such as "192.0.2.80:80/TCP 198.51.100.1:80/TCP TCP_CHECK#0". It is the
// director's string; the Runner only carries it.
type Key string

// Check binds a Spec to the key its results are reported under.
type Check struct {
	Key  Key
	Spec Spec
}
