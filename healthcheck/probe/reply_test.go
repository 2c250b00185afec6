package probe

import (
	"bytes"
	"testing"
)

// FuzzReadReply gives the reader any reply: it must not panic, and the digest it
// tells is that of what follows the header.
func FuzzReadReply(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404 No\n\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Length: 7\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := readReply(bytes.NewReader(data), true)
		if err != nil {
			return
		}
		if r.status < 0 || r.status > 999 {
			t.Errorf("status %d", r.status)
		}
		_, body, found := bytes.Cut(data, []byte("\r\n\r\n"))
		plain := !bytes.Contains(bytes.ToLower(data), []byte("content-length")) && !bytes.Contains(bytes.ToLower(data), []byte("transfer-encoding"))
		clean := !bytes.Contains(bytes.ReplaceAll(data, []byte("\r\n"), nil), []byte("\n"))
		if found && plain && clean && r.status >= 200 && r.status != 204 && r.status != 304 && r.digest != digest(string(body)) {
			t.Errorf("digest %s of %q", r.digest, body)
		}
	})
}
