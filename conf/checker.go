package conf

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
)

// defaultSpecs are the checkers with nothing in them. The figures are
// keepalived's, down to the longer wait that HTTP has between two tries, so
// that a file moved over finds its servers down after the same time.
var defaultSpecs = map[healthcheck.Kind]healthcheck.Spec{
	healthcheck.TCP: {
		Kind:       healthcheck.TCP,
		Timeout:    5 * time.Second,
		Interval:   60 * time.Second,
		Retries:    1,
		RetryDelay: time.Second,
	},
	healthcheck.HTTP: {
		Kind:       healthcheck.HTTP,
		Timeout:    5 * time.Second,
		Interval:   60 * time.Second,
		Retries:    1,
		RetryDelay: 3 * time.Second,
	},
}

// checker is a checker block while it is read.
type checker struct {
	pos     syntax.Pos
	spec    healthcheck.Spec
	met     seen
	dropped bool // it cannot be run

	ip          netip.Addr // connect_ip
	port        int        // connect_port
	virtualHost string
	timing      timing
	urls        []request

	name string // of one that is not built yet: sni_name, helo_name or name
}

// connectRows are what every checker has that connects.
func connectRows() []row[checker] {
	return slices.Concat([]row[checker]{
		address("connect_ip", func(c *checker) *netip.Addr { return &c.ip }).
			doc("that of the real_server", "the address that is checked"),
		number("connect_port", 1, math.MaxUint16, func(c *checker) *int { return &c.port }).shown(func(c *checker) []Node {
			if c.port == 0 {
				return nil
			}
			return statement("connect_port", c.port)
		}).doc("that of the real_server", "the port that is checked"),
		address("bindto", func(c *checker) *netip.Addr { return &c.spec.Bind }).
			doc("the kernel's choice", "the source address of the check"),
		inRange[checker]("bind_port", 1, math.MaxUint16).later().doc("the kernel's choice", "the source port of the check"),
		device[checker]("bind_if").later().doc("the kernel's choice", "the interface by which the check leaves; a link-local target needs it"),
		inRange[checker]("fwmark", 0, math.MaxUint32).later().doc("0", "the firewall mark of the check's packets"),
	}, timingRows(0, checkerTiming, func(c *checker) *timing { return &c.timing }), reportRows())
}

// reportRows are what every checker has that is run again and again.
func reportRows() []row[checker] {
	return []row[checker]{
		warmup[checker]("that of the real_server"),
		boolean[checker]("alpha", nil).later().doc("that of the real_server", "the server counts as down until this check has passed"),
		boolean[checker]("log_all_failures", nil).later().doc("off", "each failure is logged, and not only the one that takes the server down"),
	}
}

// overwriting reports a keyword that stands in its block twice: the last one
// counts.
func overwriting[T any](r row[T], value func(*T) string) row[T] {
	set := r.set
	r.set = func(t *T, l *loader, s *syntax.Statement) {
		if before := value(t); before != "" {
			l.errorf(s.Pos, "remove one", "%s is said twice: this one counts, not %s", s.Keyword(), quote(before))
		}
		set(t, l, s)
	}
	return r
}

var tcpBlock = block[checker]{"TCP_CHECK", append(connectRows(),
	obsolete[checker]("nb_get_retry", "keepalived does not know it in a TCP_CHECK, which has retry instead"),
)}

// readTCP reads a TCP_CHECK: a connect that succeeds.
func (r *server) readTCP(l *loader, s *syntax.Statement) {
	r.readChecker(l, s, tcpBlock, defaultSpecs[healthcheck.TCP])
}

// readChecker reads a checker block. Its Spec is completed when the block of the
// service ends, since what it inherits may stand below it.
func (r *server) readChecker(l *loader, s *syntax.Statement, b block[checker], spec healthcheck.Spec) {
	c := &checker{pos: s.Pos, spec: spec}
	l.within(b.name, func() {
		c.met = read(l, b, c, s.Block)
		if spec.Kind == healthcheck.HTTP && !needsURL(c, l) {
			return
		}
		r.checkers = append(r.checkers, c)
	})
}

// node is the check as it is; the timing that neither it nor the blocks around
// it say is its default.
func (c *checker) node(around timing) Node {
	d := defaultSpecs[c.spec.Kind]
	full := *c
	full.timing = c.timing.or(timing{&d.Interval, &d.Timeout, &d.RetryDelay, &d.Retries}.unless(around))
	b := &tcpBlock
	if c.spec.Kind == healthcheck.HTTP {
		b = &httpBlock
	}
	return Node{Keyword: b.name, Braced: true, Block: b.show(&full, c.met), Pos: c.pos}
}
