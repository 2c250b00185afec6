package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestLogLinesArriveInOrder(t *testing.T) {
	var out bytes.Buffer
	w := newLogWriter(&out)
	go w.Run()
	var want strings.Builder
	for i := range 100 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		fmt.Fprint(w, line)
	}
	w.Close(time.Minute)
	if out.String() != want.String() {
		t.Errorf("got %q", out.String())
	}
}

func TestAReaderThatHangsHoldsNobodyUp(t *testing.T) {
	reader, out := io.Pipe() // nobody reads yet
	w := newLogWriter(out)
	go w.Run()
	for range logQueue + 100 {
		fmt.Fprintln(w, "msg=advert") // would block here for ever
	}
	w.Close(time.Millisecond)
	var all bytes.Buffer
	done := make(chan struct{})
	go func() { _, _ = io.Copy(&all, reader); close(done) }()
	<-w.ended
	out.Close()
	<-done
	if !strings.Contains(all.String(), "log lines lost") {
		t.Error("nothing tells of the lines that were lost")
	}
}
