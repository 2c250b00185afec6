package conf

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
)

// noTLS is why keywords of TLS do nothing in HTTP_GET.
const noTLS = "HTTP_GET speaks no TLS, SSL_GET does"

var httpBlock = block[checker]{"HTTP_GET", slices.Concat(connectRows(), webRows(), []row[checker]{
	boolean[checker]("enable_sni", nil).inert(noTLS).doc("off", "the name of the server is sent in the clear of the TLS handshake"),
	text[checker]("sni_name", "STRING", nil).inert(noTLS).doc("the virtualhost", "the name that enable_sni sends"),
	custom("url", "{ }", (*checker).readURL).holding(urlBlock).
		doc("none", "one request; there may be several, and each must pass").
		shown((*checker).showURLs),
})}

// webRows are what HTTP_GET and SSL_GET have.
func webRows() []row[checker] {
	return []row[checker]{
		overwriting(text("virtualhost", "STRING", func(c *checker) *string { return &c.virtualHost }), func(c *checker) string { return c.virtualHost }).
			doc("that of the real_server", "the Host that is asked for"),
		custom("nb_get_retry", bounds(0, math.MaxInt32), (*checker).setOldRetry).otherName("retry").
			doc("1", "the deprecated name of retry"),
		oneOf[checker]("http_protocol", "1.0", "1.0C", "1.1").later().doc("1.0", "the version of the request; 1.0C adds Connection: close"),
		boolean[checker]("fast_recovery", nil).later().doc("off", "the urls of a server that comes back are asked without a pause between"),
	}
}

// readHTTP reads an HTTP_GET: every url in it must pass.
func (r *server) readHTTP(l *loader, s *syntax.Statement) {
	r.readChecker(l, s, httpBlock, defaultSpecs[healthcheck.HTTP])
}

// setOldRetry reads nb_get_retry, the old name of retry in HTTP_GET. In a
// TCP_CHECK keepalived does not know it and stays at one retry, and honouring it
// there would change how long a failover takes.
func (c *checker) setOldRetry(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 0, math.MaxInt32); ok {
		l.sparingly("deprecated "+s.Keyword(), "also in", func() Diagnostic {
			return l.finding(Warning, s.Pos, "write retry", "nb_get_retry is deprecated")
		})
		c.timing.retries = &n
	}
}

// request is a url block while it is read.
type request struct {
	healthcheck.URL
	pos syntax.Pos
	met seen
}

var urlBlock = block[request]{"url", slices.Concat(requestRows(), []row[request]{
	boolean[request]("tls_compliant", nil).inert(noTLS).doc("off", "the end of the connection is announced"),
})}

// requestRows are what a url has in HTTP_GET and in SSL_GET.
func requestRows() []row[request] {
	return []row[request]{
		overwriting(text("path", "STRING", func(u *request) *string { return &u.Path }), func(u *request) string { return u.Path }).
			doc("none: it must be said", "what is asked for"),
		custom("digest", "MD5", (*request).setDigest).doc("any", "the MD5 digest that the body must have").
			shown(func(u *request) []Node {
				if u.Digest == "" {
					return nil
				}
				return statement("digest", u.Digest)
			}),
		custom("status_code", "CODE|CODE-CODE ...", (*request).setStatus).adding().doc("200-299", "the status codes that are good").
			shown((*request).showStatus),
		overwriting(text("virtualhost", "STRING", func(u *request) *string { return &u.VirtualHost }), func(u *request) string { return u.VirtualHost }).
			doc("that of the check", "the Host of this request"),
		text[request]("regex", "PATTERN", nil).later().doc("none", "a regular expression that the body must match"),
		plain[request]("regex_no_match", nil).later().doc("off", "the body must not match regex"),
		custom[request]("regex_options", "WORD ...", nil).later().doc("none", "how regex matches"),
		custom[request]("regex_stack", "START MAX", func(_ *request, l *loader, s *syntax.Statement) {
			for _, w := range s.Args()[:2] {
				l.number(s.Keyword(), w, 1, math.MaxInt32)
			}
		}).inert("it is the memory of a library that tandem does not use").doc("none", "the stack of the matcher"),
		inRange[request]("regex_min_offset", 0, math.MaxInt32).later().doc("0", "where in the body a match may begin"),
		inRange[request]("regex_max_offset", 0, math.MaxInt32).later().doc("the end", "where in the body a match must have begun"),
	}
}

// readURL reads one request. A url without a path would ask for what its author
// did not mean; there is no default.
func (c *checker) readURL(l *loader, s *syntax.Statement) { c.readRequest(l, s, urlBlock) }

func (c *checker) readRequest(l *loader, s *syntax.Statement, b block[request]) {
	u := request{pos: s.Pos}
	l.within("url", func() { u.met = read(l, b, &u, s.Block) })
	if u.Path == "" {
		l.errorf(s.Pos, "write path /", "the url is ignored: it has no path")
		return
	}
	c.urls = append(c.urls, u)
}

// needsURL reports a web check that asks for nothing.
func needsURL(c *checker, l *loader) bool {
	if len(c.urls) == 0 {
		l.errorf(c.pos, "write url { path / }", "the check is ignored: it has no url")
	}
	return len(c.urls) > 0
}

// showURLs are the requests that are made.
func (c *checker) showURLs() []Node {
	var all []Node
	for i := range c.urls {
		u := &c.urls[i]
		all = append(all, Node{Keyword: "url", Braced: true, Block: urlBlock.show(u, u.met), Pos: u.pos})
	}
	return all
}

// setDigest reads the MD5 of the body, as genhash prints it. The first of two
// counts, as in keepalived.
func (u *request) setDigest(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	switch b, err := hex.DecodeString(w.Text); {
	case err != nil || len(b) != 16:
		l.invalid(s.Keyword(), w, fmt.Sprintf("an MD5 digest has 32 hexadecimal digits, and this has %d characters", len(w.Text)))
	case u.Digest != "":
		l.errorf(s.Pos, "write a url for each page", "digest %s is ignored: the url has one already", w.Text)
	default:
		u.Digest = strings.ToLower(w.Text)
	}
}

// setStatus reads codes and ranges of codes: 200 300-302. Words add up, also
// those of several lines, and a wrong one costs itself alone.
func (u *request) setStatus(l *loader, s *syntax.Statement) {
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

// showStatus is the one line that says all codes.
func (u *request) showStatus() []Node {
	if len(u.Status) == 0 {
		return nil
	}
	codes := make([]any, len(u.Status))
	for i, s := range u.Status {
		codes[i] = s.From
		if s.From != s.To {
			codes[i] = fmt.Sprintf("%d-%d", s.From, s.To)
		}
	}
	return statement("status_code", codes...)
}
