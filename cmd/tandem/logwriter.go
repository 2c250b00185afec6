package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// logQueue is how many log lines may wait for a slow reader.
const logQueue = 4096

// logWriter never makes its caller wait: lines queue for a goroutine that
// writes them. A pager that is paused or a journal that hangs must not keep a
// director from sending adverts. Lines that find the queue full are lost, and
// counted.
type logWriter struct {
	out   io.Writer
	lines chan []byte
	lost  atomic.Uint64
	ended chan struct{}
}

func newLogWriter(out io.Writer) *logWriter {
	return &logWriter{out: out, lines: make(chan []byte, logQueue), ended: make(chan struct{})}
}

// Write queues one line. It never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), line...):
	default:
		w.lost.Add(1)
	}
	return len(line), nil
}

// Run writes what is queued until Close.
func (w *logWriter) Run() {
	defer close(w.ended)
	for line := range w.lines {
		_, _ = w.out.Write(line) // there is nobody to tell
		if n := w.lost.Swap(0); n > 0 {
			fmt.Fprintf(w.out, "level=WARN msg=\"log lines lost: nobody read them fast enough\" lines=%d\n", n)
		}
	}
}

// Close ends Run when the queue is written, and waits for that at most limit.
// Nothing may be written any more.
func (w *logWriter) Close(limit time.Duration) {
	close(w.lines)
	select {
	case <-w.ended:
	case <-time.After(limit):
	}
}
