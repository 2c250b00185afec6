package traffic

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// collector is a handler that notes what it reads.
type collector struct {
	fd  int
	got []byte
}

func (c *collector) readable(time.Time) {
	var b [8]byte
	n, _ := unix.Read(c.fd, b[:])
	c.got = append(c.got, b[:max(n, 0)]...)
}

func TestLoopTellsWhoIsReadable(t *testing.T) {
	l := running(t)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	c := &collector{fd: pipe[0]}
	var err error
	l.do(func() { err = l.add(c.fd, c) })
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"one", "two"} {
		if _, err := unix.Write(pipe[1], []byte(word)); err != nil {
			t.Fatal(err)
		}
		until(t, word+" was read", func() (read bool) {
			l.do(func() { read = string(c.got) == word })
			return read
		})
		l.do(func() { c.got = nil })
	}
	l.do(func() { l.drop(c.fd) })
	if len(l.handlers) != 2 { // Of the eventfd and the timerfd.
		t.Errorf("%d handlers are left, want 2", len(l.handlers))
	}
}

func TestLoopBeatsAtTheirPace(t *testing.T) {
	l := running(t)
	var fast, slow, once int
	var self *beat
	l.do(func() {
		l.repeat(Tick, func(time.Time) { fast++ })
		// Cancels itself in the middle of a tick, before the others.
		self = l.repeat(Tick, func(time.Time) { once++; l.cancel(self) })
		l.repeat(4*Tick, func(time.Time) { slow++ })
	})
	var f, s, o int
	until(t, "ten slow beats", func() bool {
		l.do(func() { f, s, o = fast, slow, once })
		return s >= 10
	})
	if o != 1 {
		t.Errorf("a beat that cancelled itself came %d times", o)
	}
	// A busy machine misses beats of both, and more of the fast ones.
	if f < s || f > 5*s {
		t.Errorf("%d beats of every tick and %d of every fourth", f, s)
	}
	if all, missed := l.Ticks(); all < f || missed >= all {
		t.Errorf("%d ticks, %d missed, for %d beats", all, missed, f)
	}
}

func TestLoopWorksOnAfterItsEnd(t *testing.T) {
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	l.do(func() {}) // It runs.
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the loop ended with %v", err)
	}
	ran := false
	l.do(func() { ran = true })
	if !ran {
		t.Error("a job after the end did not run")
	}
}
