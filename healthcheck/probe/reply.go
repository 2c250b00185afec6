package probe

import (
	"bufio"
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
)

// What a reply may cost. A digest needs the whole body; the bound is beyond
// what a page made for a check has.
const (
	maxHead = 64 << 10
	maxBody = 4 << 20
)

// reply is what counts of an answer to a GET.
type reply struct {
	status int    // 0: none was read
	digest string // MD5 of the body, if it was asked for
	over   bool   // the body is larger than maxBody
}

// readReply takes a reply in; after an error the status is set if it was read.
// The body is read to its end even where nothing depends on it, because
// closing on unread data resets the connection.
func readReply(conn io.Reader, digest bool) (reply, error) {
	in := &source{conn: conn, left: maxHead}
	res, err := http.ReadResponse(bufio.NewReader(in), &http.Request{Method: http.MethodGet})
	switch {
	case errors.Is(in.err, errLimit) && err != nil:
		return reply{}, fmt.Errorf("header larger than %d KiB", maxHead>>10)
	case err != nil:
		// The parser takes a line that the wire cut short for a whole one,
		// and complains about that.
		return reply{}, cmp.Or(in.err, err)
	}
	defer res.Body.Close()
	in.left = maxBody + maxHead

	var sum hash.Hash
	sink := io.Discard
	if digest {
		sum = md5.New()
		sink = sum
	}
	n, err := io.Copy(sink, io.LimitReader(res.Body, maxBody+1))
	r := reply{status: res.StatusCode, over: n > maxBody || errors.Is(err, errLimit)}
	// A body shorter than announced is no failure in itself (keepalived
	// logs it); where the content matters the digest tells.
	if err != nil && !r.over && !errors.Is(err, io.ErrUnexpectedEOF) {
		return r, err
	}
	if digest {
		r.digest = hex.EncodeToString(sum.Sum(nil))
	}
	return r, nil
}

var errLimit = errors.New("larger than allowed")

// source bounds what is read of a connection, and remembers how that ended.
type source struct {
	conn io.Reader
	left int
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.left <= 0 {
		s.err = errLimit
		return 0, s.err
	}
	n, err := s.conn.Read(p[:min(len(p), s.left)])
	s.left -= n
	s.err = err
	return n, err
}
