package probe

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/healthcheck"
)

// HTTP is HTTP_GET: it gets each URL in order, on a connection of its own,
// and passes when all have an accepted status and, where configured, a body
// with the given MD5.
//
// The request is HTTP/1.0 as keepalived sends it: nothing is redirected,
// authenticated, compressed or kept alive. Each connect and each reply, from
// the request to the end of the body, has the timeout; keepalived bounds the
// pauses between two reads only, so that a dripping server holds it for ever.
// keepalived asks for one URL per delay_loop, here they follow at once.
type HTTP struct {
	dial dialer
	urls []url
}

// url is one request, ready to be sent.
type url struct {
	path    string
	request []byte
	accept  []healthcheck.StatusSet
	digest  string
}

func newHTTP(d dialer, urls []healthcheck.URL) (HTTP, error) {
	if len(urls) == 0 {
		return HTTP{}, errors.New("no url to get")
	}
	h := HTTP{dial: d}
	for _, u := range urls {
		if u.Path == "" || hasControl(u.Path) || hasControl(u.VirtualHost) {
			return HTTP{}, fmt.Errorf("url %q for host %q cannot be requested", u.Path, u.VirtualHost)
		}
		if b, err := hex.DecodeString(u.Digest); err != nil || len(b) != 0 && len(b) != md5.Size {
			return HTTP{}, fmt.Errorf("url %q: digest %q is not %d hexadecimal digits", u.Path, u.Digest, 2*md5.Size)
		}
		accept := u.Status
		if len(accept) == 0 {
			accept = []healthcheck.StatusSet{{From: 200, To: 299}}
		}
		h.urls = append(h.urls, url{u.Path, request(u, d.target), accept, strings.ToLower(u.Digest)})
	}
	return h, nil
}

// request is what goes over the wire. The user agent is keepalived's, because
// log filters and access lists on real servers know it by that name; as there,
// the Host without virtualhost names the port even when it is 80.
func request(u healthcheck.URL, target netip.AddrPort) []byte {
	host := u.VirtualHost
	if host == "" {
		host = netip.AddrPortFrom(target.Addr().WithZone(""), target.Port()).String()
	}
	return fmt.Appendf(nil, "GET %s HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: %s\r\n\r\n", u.Path, host)
}

// hasControl finds what would end a request line or a header early.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Check implements healthcheck.Checker.
func (h HTTP) Check(ctx context.Context) (healthcheck.Reason, string) {
	for _, u := range h.urls {
		if reason, detail := h.get(ctx, u); reason != healthcheck.Passed {
			return reason, u.path + ": " + detail
		}
	}
	if len(h.urls) == 1 {
		return healthcheck.Passed, "1 url passed"
	}
	return healthcheck.Passed, fmt.Sprintf("%d urls passed", len(h.urls))
}

// get asks for one URL.
func (h HTTP) get(ctx context.Context, u url) (healthcheck.Reason, string) {
	conn, err := h.dial.connect(ctx)
	if err != nil {
		return h.dial.failed(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(h.dial.timeout)); err != nil {
		return healthcheck.LocalError, text(err)
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	if _, err := conn.Write(u.request); err != nil {
		return h.broken(err)
	}
	r, err := readReply(conn, u.digest != "")
	if err != nil && (r.status == 0 || u.accepts(r.status)) {
		return h.broken(err)
	}
	return u.judge(r)
}

// broken says why there is no complete reply.
func (h HTTP) broken(err error) (healthcheck.Reason, string) {
	switch reason := reasonOf(err); {
	case reason == healthcheck.TimedOut:
		return reason, fmt.Sprintf("no complete reply within %s", h.dial.timeout)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return healthcheck.Reset, "closed before a complete reply"
	default:
		return reason, text(err)
	}
}

func (u url) accepts(status int) bool {
	return slices.ContainsFunc(u.accept, func(s healthcheck.StatusSet) bool {
		return s.From <= status && status <= s.To
	})
}

// judge compares a reply with what the URL asks for.
func (u url) judge(r reply) (healthcheck.Reason, string) {
	switch {
	case !u.accepts(r.status):
		return healthcheck.WrongStatus, fmt.Sprintf("status %d, want %s", r.status, sets(u.accept))
	case u.digest == "" || u.digest == r.digest && !r.over:
		return healthcheck.Passed, ""
	case r.over:
		return healthcheck.BadReply, fmt.Sprintf("body larger than %d MiB, no digest of it", maxBody>>20)
	}
	return healthcheck.WrongDigest, fmt.Sprintf("digest %s, want %s", r.digest, u.digest)
}

// sets writes status sets as they are configured: "200-299 404".
func sets(list []healthcheck.StatusSet) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d", s.From)
		if s.To != s.From {
			fmt.Fprintf(&b, "-%d", s.To)
		}
	}
	return b.String()
}
