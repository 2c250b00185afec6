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
	number("weight", 0, math.MaxInt32, func(r *server) *int32 { return &r.Dest.Weight }),
	custom("lvs_method", methodArgs, (*server).setMethod),
	number("uthreshold", 0, math.MaxInt32, func(r *server) *uint32 { return &r.Dest.Upper }),
	number("lthreshold", 0, math.MaxInt32, func(r *server) *uint32 { return &r.Dest.Lower }),
	optionalBoolean("inhibit_on_failure", func(r *server) **bool { return &r.inhibit }),
	optionalBoolean("alpha", func(r *server) **bool { return &r.alpha }),
	text("virtualhost", "STRING", func(r *server) *string { return &r.virtualHost }),
	custom("TCP_CHECK", "[{ }]", (*server).readTCP),
	custom("HTTP_GET", "{ }", (*server).readHTTP),

	unchecked[server]("notify_up", "COMMAND [USER [GROUP]]"),
	unchecked[server]("notify_down", "COMMAND [USER [GROUP]]"),
	unchecked[server]("smtp_alert", "[BOOL]"),
	unchecked[server]("warmup", "SECONDS"),
	unchecked[server]("snmp_name", "STRING"),
	unknownYet[server]("SSL_GET", "{ }", sslGetBlock),
	unknownYet[server]("SMTP_CHECK", "{ }", smtpBlock),
	unknownYet[server]("DNS_CHECK", "{ }", dnsBlock),
	unknownYet[server]("MISC_CHECK", "{ }", miscBlock),
	unknownYet[server]("UDP_CHECK", "{ }", udpBlock),
	unknownYet[server]("PING_CHECK", "{ }", pingBlock),
	unknownYet[server]("BFD_CHECK", "{ }", bfdCheckBlock),
	unknownYet[server]("FILE_CHECK", "{ }", fileCheckBlock),
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
		if r, ok := serverBlock.find(s.Keyword()); ok && r.inner != nil && r.effects == unbuilt {
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
		optionalSeconds("delay_loop", time.Microsecond, longest, func(t *T) **time.Duration { return &of(t).interval }),
		optionalSeconds("connect_timeout", time.Microsecond, longest, func(t *T) **time.Duration { return &of(t).timeout }),
		optionalSeconds("delay_before_retry", 0, longest, func(t *T) **time.Duration { return &of(t).retryDelay }),
		optionalNumber("retry", minRetry, math.MaxInt32, func(t *T) **int { return &of(t).retries }),
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
