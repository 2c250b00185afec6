package conf

import (
	"math"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs/pool"
)

// server is a real_server while it is read.
type server struct {
	pool.Server
	pos syntax.Pos
	met seen

	method      *method // lvs_method; nil: that of the service
	lost        bool    // lvs_method cannot be, and so the server
	alpha       *bool   // nil: that of the service
	inhibit     *bool   // nil: that of the service
	virtualHost string
	timing      timing
	checkers    []*checker
	checks      []healthcheck.Spec // of the checkers, once all is known
}

// defaultServer is a real_server with nothing in it.
func defaultServer(v *service) pool.Server {
	var r pool.Server
	r.Dest.Weight = v.weight
	return r
}

var serverBlock = block[server]{"real_server", append([]row[server]{
	number("weight", 0, math.MaxInt32, func(r *server, n int) { r.Dest.Weight = int32(n) }),
	custom("lvs_method", methodArgs, (*server).setMethod),
	number("uthreshold", 0, math.MaxInt32, func(r *server, n int) { r.Dest.Upper = uint32(n) }),
	number("lthreshold", 0, math.MaxInt32, func(r *server, n int) { r.Dest.Lower = uint32(n) }),
	boolean("inhibit_on_failure", func(r *server, on bool) { r.inhibit = &on }),
	boolean("alpha", func(r *server, on bool) { r.alpha = &on }),
	word("virtualhost", "STRING", func(r *server, s string) { r.virtualHost = s }),
	custom("TCP_CHECK", "[{ }]", (*server).readTCP),
	custom("HTTP_GET", "{ }", (*server).readHTTP),

	later[server]("notify_up", "COMMAND [USER [GROUP]]"),
	later[server]("notify_down", "COMMAND [USER [GROUP]]"),
	later[server]("smtp_alert", "[BOOL]"),
	later[server]("warmup", "SECONDS"),
	later[server]("snmp_name", "STRING"),
	laterBlock[server]("SSL_GET", "{ }", sslGetBlock),
	laterBlock[server]("SMTP_CHECK", "{ }", smtpBlock),
	laterBlock[server]("DNS_CHECK", "{ }", dnsBlock),
	laterBlock[server]("MISC_CHECK", "{ }", miscBlock),
	laterBlock[server]("UDP_CHECK", "{ }", udpBlock),
	laterBlock[server]("PING_CHECK", "{ }", pingBlock),
	laterBlock[server]("BFD_CHECK", "{ }", bfdCheckBlock),
	laterBlock[server]("FILE_CHECK", "{ }", fileCheckBlock),
}, timingRows(0, func(r *server) *timing { return &r.timing })...)}

// readServer reads a real_server. One without a checker counts as up, as in
// keepalived; one whose checkers are all not built does too, and that is said.
func (v *service) readServer(l *loader, s *syntax.Statement) {
	a, ok := l.server(s)
	if !ok {
		return
	}
	r := &server{Server: defaultServer(v), pos: s.Pos}
	r.Addr = a
	l.withinServer(a, func() {
		r.met = read(l, serverBlock, r, s.Block)
		r.lost = l.unreadMethod(s) || r.lost
		if unbuilt := uncheckedBy(s.Block); len(r.checkers) == 0 && unbuilt != "" {
			l.warnf(r.pos, "add a TCP_CHECK", "it counts as up always: %s is its only check", unbuilt)
		}
	})
	v.servers = append(v.servers, r)
}

// uncheckedBy names a checker in the block that is not built, if there is one.
func uncheckedBy(statements []*syntax.Statement) string {
	for _, s := range statements {
		if r, ok := serverBlock.find(s.Keyword()); ok && r.inner != nil {
			return r.name
		}
	}
	return ""
}

// setMethod reads the forwarding method of one server; keepalived has no
// lb_kind here.
func (r *server) setMethod(l *loader, s *syntax.Statement) {
	m, ok := l.method(s)
	r.method, r.lost = &m, r.lost || !ok
}

// timing is what a checker takes from its real server, and that from the
// virtual server, where it says nothing itself; nil: nothing said.
type timing struct {
	interval, timeout, retryDelay *time.Duration
	retries                       *int
}

// timingRows are the keywords of timing. A virtual server refuses retry 0,
// which its real servers and their checkers may have.
func timingRows[T any](minRetry int, of func(*T) *timing) []row[T] {
	const longest = 4294967295 * time.Microsecond
	return []row[T]{
		seconds("delay_loop", time.Microsecond, longest, func(t *T, d time.Duration) { of(t).interval = &d }),
		seconds("connect_timeout", time.Microsecond, longest, func(t *T, d time.Duration) { of(t).timeout = &d }),
		seconds("delay_before_retry", 0, longest, func(t *T, d time.Duration) { of(t).retryDelay = &d }),
		number("retry", minRetry, math.MaxInt32, func(t *T, n int) { of(t).retries = &n }),
	}
}

// over fills a Spec, which holds the defaults, with what is said, the
// innermost first.
func over(spec *healthcheck.Spec, said ...timing) {
	for _, t := range slices.Backward(said) {
		set(&spec.Interval, t.interval)
		set(&spec.Timeout, t.timeout)
		set(&spec.RetryDelay, t.retryDelay)
		set(&spec.Retries, t.retries)
	}
}

// set sets the target where there is a value.
func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}
