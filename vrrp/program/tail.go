package program

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

// maxOutput is how much of a line of a program is kept, in bytes.
const maxOutput = 200

// drainTime is how long the end of a program's output is waited for once it has
// ended itself: what it left running may hold it open for ever.
const drainTime = 100 * time.Millisecond

// tail reads what a program writes and keeps the last line. It reads on as long
// as anybody writes, so that what a program leaves running in the background does
// not die of a closed pipe.
type tail struct {
	end    *os.File // that the program gets
	source *os.File
	closed chan struct{}

	mu   sync.Mutex // guards what follows
	line []byte     // that is being written, at most maxOutput
	full []byte     // the last one that was not empty
}

func newTail() (*tail, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for the output: %w", err)
	}
	return &tail{end: w, source: r, closed: make(chan struct{})}, nil
}

// started gives the writing end away, and reads.
func (t *tail) started() {
	t.end.Close()
	go t.read()
}

func (t *tail) read() {
	defer close(t.closed)
	defer t.source.Close()
	buf := make([]byte, 4096)
	for {
		n, err := t.source.Read(buf)
		t.take(buf[:n])
		if err != nil {
			return
		}
	}
}

func (t *tail) take(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		t.line = append(t.line, line[:min(len(line), maxOutput-len(t.line))]...)
		b = rest
		if !ended {
			return
		}
		t.endLine()
	}
}

// endLine keeps the line that ends.
func (t *tail) endLine() {
	if len(bytes.TrimSpace(t.line)) > 0 {
		t.full = append(t.full[:0], t.line...)
	}
	t.line = t.line[:0]
}

// last is the last line that is not empty, fit for a log.
func (t *tail) last() string {
	select {
	case <-t.closed:
	case <-time.After(drainTime):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLine()
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(t.full), "?")))
}
