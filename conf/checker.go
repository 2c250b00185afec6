package conf

import (
	"encoding/hex"
	"net/netip"
	"strings"
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
	pos  syntax.Pos
	spec healthcheck.Spec
	met  seen

	ip          netip.Addr // connect_ip
	port        int        // connect_port
	virtualHost string
	timing      timing
}

// checkerRows are what every checker has that connects.
func checkerRows() []row[checker] {
	return append([]row[checker]{
		custom("connect_ip", "IP", func(c *checker, l *loader, s *syntax.Statement) {
			if a, ok := l.addr(s.Keyword(), s.Words[1]); ok {
				c.ip = a
			}
		}),
		number("connect_port", 1, 65535, func(c *checker) *int { return &c.port }),
		custom("bindto", "IP", func(c *checker, l *loader, s *syntax.Statement) {
			if a, ok := l.addr(s.Keyword(), s.Words[1]); ok {
				c.spec.Bind = a
			}
		}),
		unchecked[checker]("bind_port", "PORT"),
		unchecked[checker]("bind_if", "IF"),
		unchecked[checker]("fwmark", "N"),
		unchecked[checker]("warmup", "SECONDS"),
		unchecked[checker]("alpha", "[BOOL]"),
		unchecked[checker]("log_all_failures", "[BOOL]"),
	}, timingRows(0, func(c *checker) *timing { return &c.timing })...)
}

var tcpBlock = block[checker]{"TCP_CHECK", append(checkerRows(),
	obsolete[checker]("nb_get_retry", "TCP_CHECK has retry"),
)}

var httpBlock = block[checker]{"HTTP_GET", append(checkerRows(),
	custom("url", "{ }", (*checker).readURL),
	text("virtualhost", "STRING", func(c *checker) *string { return &c.virtualHost }),
	custom("nb_get_retry", "N", (*checker).setOldRetry),
	unchecked[checker]("http_protocol", "1.0|1.0C|1.1"),
	unchecked[checker]("enable_sni", "[BOOL]"),
	unchecked[checker]("sni_name", "STRING"),
	unchecked[checker]("fast_recovery", "[BOOL]"),
)}

// readTCP reads a TCP_CHECK: a connect that succeeds.
func (r *server) readTCP(l *loader, s *syntax.Statement) {
	r.readChecker(l, s, tcpBlock, defaultSpecs[healthcheck.TCP])
}

// readHTTP reads an HTTP_GET: every url in it must pass.
func (r *server) readHTTP(l *loader, s *syntax.Statement) {
	r.readChecker(l, s, httpBlock, defaultSpecs[healthcheck.HTTP])
}

// readChecker reads a checker block. Its Spec is completed when the block of the
// service ends, since what it inherits may stand below it.
func (r *server) readChecker(l *loader, s *syntax.Statement, b block[checker], spec healthcheck.Spec) {
	c := &checker{pos: s.Pos, spec: spec}
	l.within(b.name, func() {
		c.met = read(l, b, c, s.Block)
		if spec.Kind == healthcheck.HTTP && len(c.spec.HTTP) == 0 {
			l.errorf(s.Pos, "write url { path / }", "the check is ignored: it has no url")
			return
		}
		r.checkers = append(r.checkers, c)
	})
}

// setOldRetry reads nb_get_retry, the old name of retry in HTTP_GET. In a
// TCP_CHECK keepalived does not know it and stays at one retry, and honouring it
// there would change how long a failover takes.
func (c *checker) setOldRetry(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 0, 1<<31-1); ok {
		l.warnf(s.Pos, "write retry", "nb_get_retry is deprecated")
		c.timing.retries = &n
	}
}

var urlBlock = block[healthcheck.URL]{"url", []row[healthcheck.URL]{
	text("path", "STRING", func(u *healthcheck.URL) *string { return &u.Path }),
	custom("digest", "MD5", setDigest),
	custom("status_code", "CODE ...", setStatus),
	text("virtualhost", "STRING", func(u *healthcheck.URL) *string { return &u.VirtualHost }),
	unchecked[healthcheck.URL]("regex", "PATTERN"),
	unchecked[healthcheck.URL]("regex_no_match", ""),
	unchecked[healthcheck.URL]("regex_options", "WORD ..."),
	unchecked[healthcheck.URL]("regex_stack", "START MAX"),
	unchecked[healthcheck.URL]("regex_min_offset", "N"),
	unchecked[healthcheck.URL]("regex_max_offset", "N"),
	unchecked[healthcheck.URL]("tls_compliant", "[BOOL]"),
}}

// readURL reads one request of an HTTP_GET. A url without a path would ask for
// what its author did not mean; there is no default.
func (c *checker) readURL(l *loader, s *syntax.Statement) {
	var u healthcheck.URL
	l.within("url", func() { read(l, urlBlock, &u, s.Block) })
	if u.Path == "" {
		l.errorf(s.Pos, "write path /", "the url is ignored: it has no path")
		return
	}
	c.spec.HTTP = append(c.spec.HTTP, u)
}

// setDigest reads the MD5 of the body, as genhash prints it.
func setDigest(u *healthcheck.URL, l *loader, s *syntax.Statement) {
	w := s.Words[1]
	if b, err := hex.DecodeString(w.Text); err != nil || len(b) != 16 {
		l.invalid(s.Keyword(), w, "an MD5 digest has 32 hexadecimal digits")
		return
	}
	u.Digest = strings.ToLower(w.Text)
}

// setStatus reads codes and ranges of codes: 200 300-302. Words add up, also
// those of several lines, and a wrong one costs itself alone.
func setStatus(u *healthcheck.URL, l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		from, to, isRange := strings.Cut(w.Text, "-")
		if !isRange {
			to = from
		}
		a, ok := whole(from, 100, 599)
		b, ok2 := whole(to, 100, 599)
		if !ok || !ok2 || b < a {
			l.invalid(s.Keyword(), w, "it takes codes from 100 to 599 and ranges of them, such as 200-204")
			continue
		}
		u.Status = append(u.Status, healthcheck.StatusSet{From: a, To: b})
	}
}
