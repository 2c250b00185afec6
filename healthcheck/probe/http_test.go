package probe

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/healthcheck"
)

func get(target netip.AddrPort, urls ...healthcheck.URL) healthcheck.Spec {
	return healthcheck.Spec{Kind: healthcheck.HTTP, Target: target, Timeout: 2 * time.Second, HTTP: urls}
}

func digest(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestHTTP(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	resets := func(reply string) func(net.Conn) {
		return func(conn net.Conn) {
			readRequest(conn)
			io.WriteString(conn, reply)
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}
	slow := 100 * time.Millisecond // timeout of the rows that run into it
	for _, row := range []struct {
		name    string
		server  func(net.Conn)
		url     healthcheck.URL
		timeout time.Duration
		want    healthcheck.Reason
		detail  string // in it
	}{
		{"200 passes by default", says(ok + "\r\nhello"), healthcheck.URL{}, 0, healthcheck.Passed, "1 url passed"},
		{"299 passes by default", says("HTTP/1.0 299 Fine\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.Passed, ""},
		{"204 has no body", says("HTTP/1.1 204 No Content\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.Passed, ""},
		{"a status line without a phrase", says("HTTP/1.1 200\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.Passed, ""},
		{"bare line feeds", says("HTTP/1.0 200 OK\nA: b\n\nx"), healthcheck.URL{Digest: digest("x")}, 0, healthcheck.Passed, ""},
		{"503", says("HTTP/1.1 503 Sick\r\n\r\nsorry"), healthcheck.URL{}, 0, healthcheck.WrongStatus, "/: status 503, want 200-299"},
		{"503 where it is wanted", says("HTTP/1.1 503 Sick\r\n\r\n"), healthcheck.URL{Status: []healthcheck.StatusSet{{From: 200, To: 200}, {From: 500, To: 510}}}, 0, healthcheck.Passed, ""},
		{"200 where it is not wanted", says(ok + "\r\n"), healthcheck.URL{Status: []healthcheck.StatusSet{{From: 301, To: 301}, {From: 400, To: 404}}}, 0, healthcheck.WrongStatus, "want 301 400-404"},
		{"a redirect is not followed", says("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.WrongStatus, "status 302"},
		{"the digest fits", says(ok + "\r\nhello"), healthcheck.URL{Digest: digest("hello")}, 0, healthcheck.Passed, ""},
		{"the digest fits in capitals", says(ok + "\r\nhello"), healthcheck.URL{Digest: strings.ToUpper(digest("hello"))}, 0, healthcheck.Passed, ""},
		{"the digest is another", says(ok + "\r\nhallo"), healthcheck.URL{Digest: digest("hello")}, 0, healthcheck.WrongDigest, "want " + digest("hello")},
		{"the digest of an empty body", says(ok + "Content-Length: 0\r\n\r\n"), healthcheck.URL{Digest: digest("")}, 0, healthcheck.Passed, ""},
		{"the digest ends with the announced length", says(ok + "Content-Length: 5\r\n\r\nhello and more"), healthcheck.URL{Digest: digest("hello")}, 0, healthcheck.Passed, ""},
		{"a chunked body", says(ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), healthcheck.URL{Digest: digest("hello")}, 0, healthcheck.Passed, ""},
		{"broken chunks", says(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), healthcheck.URL{}, 0, healthcheck.BadReply, "chunk"},
		{"a body shorter than announced", says(ok + "Content-Length: 9\r\n\r\nhello"), healthcheck.URL{}, 0, healthcheck.Passed, ""},
		{"a shorter body has another digest", says(ok + "Content-Length: 9\r\n\r\nhello"), healthcheck.URL{Digest: digest("hello4444")}, 0, healthcheck.WrongDigest, ""},
		{"a server that does not close", func(c net.Conn) { readRequest(c); io.WriteString(c, ok+"Content-Length: 2\r\n\r\nok") }, healthcheck.URL{}, 0, healthcheck.Passed, ""},
		{"no HTTP at all", says("220 mail.example.com ESMTP\r\n"), healthcheck.URL{}, 0, healthcheck.BadReply, "malformed HTTP"},
		{"a status that is no number", says("HTTP/1.1 abc\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.BadReply, ""},
		{"a header that is none", says(ok + "no colon here\r\n\r\n"), healthcheck.URL{}, 0, healthcheck.BadReply, ""},
		{"closed without a word", says(""), healthcheck.URL{}, 0, healthcheck.Reset, "closed before a complete reply"},
		{"closed within the header", says(ok + "Conte"), healthcheck.URL{}, 0, healthcheck.Reset, "closed before a complete reply"},
		{"reset without a word", resets(""), healthcheck.URL{}, 0, healthcheck.Reset, "reset"},
		{"reset within the body", resets(ok + "Content-Length: 9\r\n\r\nhel"), healthcheck.URL{}, 0, healthcheck.Reset, "reset"},
		{"silence", func(c net.Conn) { readRequest(c) }, healthcheck.URL{}, slow, healthcheck.TimedOut, "no complete reply within 100ms"},
		{"a dripping status line", repeats("HTTP/1.1 2", "0", 5*time.Millisecond), healthcheck.URL{}, slow, healthcheck.TimedOut, ""},
		{"a dripping header", repeats(ok+"A: ", "b", 5*time.Millisecond), healthcheck.URL{}, slow, healthcheck.TimedOut, ""},
		{"a dripping body", repeats(ok+"\r\n", "b", 5*time.Millisecond), healthcheck.URL{}, slow, healthcheck.TimedOut, ""},
		{"a dripping error page", repeats("HTTP/1.1 500 Sick\r\n\r\n", "b", 5*time.Millisecond), healthcheck.URL{}, slow, healthcheck.WrongStatus, "status 500"},
		{"an endless header line", repeats(ok+"A: ", strings.Repeat("b", 4096), 0), healthcheck.URL{}, 0, healthcheck.BadReply, "header larger than 64 KiB"},
		{"endless headers", repeats(ok, "A: b\r\n", 0), healthcheck.URL{}, 0, healthcheck.BadReply, "header larger than 64 KiB"},
		{"an endless body under a digest", repeats(ok+"\r\n", strings.Repeat("b", 4096), 0), healthcheck.URL{Digest: digest("")}, 0, healthcheck.BadReply, "body larger than 4 MiB"},
		{"endless small chunks under a digest", repeats(ok+"Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nb\r\n", 500), 0), healthcheck.URL{Digest: digest("")}, 0, healthcheck.BadReply, "body larger than 4 MiB"},
		{"an endless body where only the status counts", repeats(ok+"\r\n", strings.Repeat("b", 4096), 0), healthcheck.URL{}, 0, healthcheck.Passed, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.url.Path = "/"
			s := get(serve(t, row.server), row.url)
			if row.timeout != 0 {
				s.Timeout = row.timeout
			}
			if reason, detail := check(t, s); reason != row.want || !strings.Contains(detail, row.detail) {
				t.Errorf("got %v (%s), want %v (%s)", reason, detail, row.want, row.detail)
			}
		})
	}
}

func TestHTTPNobodyThere(t *testing.T) {
	if reason, detail := check(t, get(refused(t), healthcheck.URL{Path: "/"})); reason != healthcheck.Refused {
		t.Errorf("got %v (%s)", reason, detail)
	}
}

// What goes over the wire, one connection for each url, until one fails; and
// the server sees each end in an ordinary way.
func TestHTTPRequests(t *testing.T) {
	requests := make(chan []string, 3)
	ends := make(chan error, 3)
	target := serve(t, func(conn net.Conn) {
		defer conn.Close()
		lines, err := readRequest(conn)
		if err != nil {
			t.Error(err)
			return
		}
		requests <- lines
		status := map[bool]int{true: 200, false: 404}[strings.Contains(lines[0], "good")]
		fmt.Fprintf(conn, "HTTP/1.1 %d Yes\r\nContent-Length: 100000\r\n\r\n%s", status, strings.Repeat("x", 100000))
		_, err = conn.Read(make([]byte, 1))
		ends <- err
	})
	reason, detail := check(t, get(target,
		healthcheck.URL{Path: "/good?a=b c", VirtualHost: "www.example.com"},
		healthcheck.URL{Path: "/bad"},
		healthcheck.URL{Path: "/never"}))
	if reason != healthcheck.WrongStatus || detail != "/bad: status 404, want 200-299" {
		t.Errorf("got %v (%s)", reason, detail)
	}
	want := [][]string{
		{"GET /good?a=b c HTTP/1.0", "User-Agent: KeepAliveClient", "Host: www.example.com"},
		{"GET /bad HTTP/1.0", "User-Agent: KeepAliveClient", "Host: " + target.String()},
	}
	if diff := cmp.Diff(want, [][]string{<-requests, <-requests}); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for range want {
		if err := <-ends; err != io.EOF {
			t.Errorf("a connection ended with %v, want EOF", err)
		}
	}
}

func TestHostOfIPv6(t *testing.T) {
	got := string(request(healthcheck.URL{Path: "/"}, netip.MustParseAddrPort("[fe80::1%eth0]:8080")))
	if !strings.Contains(got, "\r\nHost: [fe80::1]:8080\r\n") {
		t.Errorf("got %q", got)
	}
}
