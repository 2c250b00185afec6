package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Tick is the resolution of everything that a Loop does in time.
const Tick = 5 * time.Millisecond

// Loop is an event loop on epoll(7) that carries the traffic of many sockets on
// one goroutine: the servers' side and the clients' side alike.
//
// A goroutine for each connection would read better and cost too much: in User
// Mode Linux a system call takes 20 µs, a reading of the clock is one (there is
// no vDSO) and so is each of the few that a switch of goroutines needs, which
// made a line and its answer 0.8 ms of the only processor. In the loop they are
// four calls, and everything due in a tick shares the rest.
//
// Handlers and jobs run on the goroutine of Run and must not block. Their state
// has no other owner.
type Loop struct {
	epoll *os.File        // Pollable itself: the Go runtime's poller waits for it.
	raw   syscall.RawConn // Of epoll.
	timer int             // timerfd that ticks.
	wake  int             // eventfd that announces jobs.
	start time.Time

	handlers map[int]handler
	beats    []*beat
	ticks    int
	missed   int

	done chan struct{} // Closed when Run has returned.

	mu    sync.Mutex // Guards all following fields.
	jobs  []func()
	ended bool // Run has returned: jobs run where they are asked for.
}

// handler is told that its descriptor is ready, which an error and the end of
// the stream are too. Now and then it is told in vain (EAGAIN).
type handler interface {
	readable(now time.Time)
}

// beat is work that comes again.
type beat struct {
	every time.Duration
	next  time.Time
	do    func(now time.Time)
}

// NewLoop makes a loop; Run runs it and frees what it holds.
func NewLoop() (*Loop, error) {
	l := &Loop{timer: -1, wake: -1, start: time.Now(), handlers: make(map[int]handler), done: make(chan struct{})}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an event loop: %w", err)
	}
	err = unix.SetNonblock(fd, true) // Makes os.NewFile hand it to the poller.
	l.epoll = os.NewFile(uintptr(fd), "epoll")
	if err == nil {
		l.raw, err = l.epoll.SyscallConn()
	}
	if err == nil {
		l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	if err == nil {
		l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	}
	if err == nil {
		period := unix.NsecToTimespec(int64(Tick))
		err = unix.TimerfdSettime(l.timer, 0, &unix.ItimerSpec{Interval: period, Value: period}, nil)
	}
	if err == nil {
		err = errors.Join(l.add(l.wake, signal{l.wake, l.work}), l.add(l.timer, signal{l.timer, l.tick}))
	}
	if err != nil {
		l.free()
		return nil, fmt.Errorf("make an event loop: %w", err)
	}
	return l, nil
}

// Run carries the traffic until ctx is done. Descriptors that are still in the
// loop then are their owners' to remove.
func (l *Loop) Run(ctx context.Context) error {
	defer func() {
		l.work(time.Now(), 0)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
		l.free()
		close(l.done)
	}()
	stop := context.AfterFunc(ctx, func() { _ = l.epoll.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var failed error
	events := make([]unix.EpollEvent, 64)
	err := l.raw.Read(func(fd uintptr) (done bool) {
		for ctx.Err() == nil {
			n, err := unix.EpollWait(int(fd), events, 0)
			if err != nil && err != unix.EINTR {
				failed = err
				return true
			}
			if n <= 0 {
				return false // Everything is done: wait for more.
			}
			now := l.now()
			for _, e := range events[:n] {
				if h := l.handlers[int(e.Fd)]; h != nil {
					h.readable(now)
				}
			}
		}
		return true
	})
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(err, failed)
}

// do runs fn on the loop's goroutine and waits for it.
func (l *Loop) do(fn func()) {
	done := make(chan struct{})
	l.mu.Lock()
	if l.ended {
		defer l.mu.Unlock()
		fn()
		return
	}
	l.jobs = append(l.jobs, func() { fn(); close(done) })
	_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // Fails only where it is already awake.
	l.mu.Unlock()
	<-done
}

func (l *Loop) work(time.Time, uint64) {
	l.mu.Lock()
	jobs := l.jobs
	l.jobs = nil
	l.mu.Unlock()
	for _, job := range jobs {
		job()
	}
}

// add hands a descriptor to a handler. Only on the loop's goroutine.
func (l *Loop) add(fd int, h handler) error {
	return l.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, h)
}

// addWritable is add for a connection under way: its handler is told when it
// stands or has failed. The handler then asks for onlyReadable.
func (l *Loop) addWritable(fd int, h handler) error {
	return l.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLOUT, h)
}

func (l *Loop) onlyReadable(fd int) error {
	return l.control(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN, l.handlers[fd])
}

func (l *Loop) control(op, fd int, events uint32, h handler) error {
	event := unix.EpollEvent{Events: events, Fd: int32(fd)}
	var result error
	err := l.raw.Control(func(epoll uintptr) { result = unix.EpollCtl(int(epoll), op, fd, &event) })
	if err := errors.Join(err, result); err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	l.handlers[fd] = h
	return nil
}

// drop closes a descriptor, which takes it out of the epoll set too.
func (l *Loop) drop(fd int) {
	delete(l.handlers, fd)
	_ = unix.Close(fd)
}

// repeat does something every interval, at the next tick for the first time.
func (l *Loop) repeat(every time.Duration, do func(now time.Time)) *beat {
	b := &beat{every: every, do: do}
	l.beats = append(l.beats, b)
	return b
}

// cancel ends a beat. The list is a new one, for a beat may cancel itself while
// the tick goes through the old one.
func (l *Loop) cancel(b *beat) {
	l.beats = slices.DeleteFunc(slices.Clone(l.beats), func(other *beat) bool { return other == b })
}

// Ticks returns how many ticks there have been, and how many of them were
// missed because the loop, or the whole machine, was busy.
func (l *Loop) Ticks() (all, missed int) {
	l.do(func() { all, missed = l.ticks, l.missed })
	return all, missed
}

// tick does what is due. What a late tick has missed is not made up for: a
// burst would be load that no client makes.
func (l *Loop) tick(now time.Time, elapsed uint64) {
	l.ticks += int(elapsed)
	l.missed += int(elapsed) - 1
	for _, b := range l.beats {
		// What is due before the middle between two ticks is done in the first.
		if now.Add(Tick / 2).Before(b.next) {
			continue
		}
		if b.next = b.next.Add(b.every); b.next.Before(now) {
			b.next = now.Add(b.every)
		}
		b.do(now)
	}
}

// now reads the clock once. Since needs one system call where Now needs two.
func (l *Loop) now() time.Time { return l.start.Add(time.Since(l.start)) }

func (l *Loop) free() {
	for _, fd := range []int{l.timer, l.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	_ = l.epoll.Close()
}

// signal is the handler of an eventfd or a timerfd: both count what happened
// since they were last read.
type signal struct {
	fd int
	do func(now time.Time, count uint64)
}

func (s signal) readable(now time.Time) {
	var count [8]byte
	if _, err := unix.Read(s.fd, count[:]); err == nil {
		s.do(now, binary.NativeEndian.Uint64(count[:]))
	}
}

// detach takes a socket out of the Go runtime's poller, which would wake for
// each of its packets: it closes c and returns a duplicate for the loop.
func detach(c interface {
	syscall.Conn
	Close() error
}) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, errors.Join(err, c.Close())
	}
	var dup error
	err = raw.Control(func(old uintptr) { fd, dup = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, dup); err != nil {
		return -1, errors.Join(fmt.Errorf("duplicate a socket: %w", err), c.Close())
	}
	return fd, c.Close()
}

// addrPort converts an address of the kernel; the zero value stands for none
// that is known here.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
