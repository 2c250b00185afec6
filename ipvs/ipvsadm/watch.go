package ipvsadm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// watch lists again and again until ctx ends, ^C, or q. On a terminal each
// listing replaces the one before, as much as it has room for; elsewhere they
// follow one another, which is what one wants of a log.
func (s *session) watch(ctx context.Context, r request) *refusal {
	if r.given&set(optConnection, optTimeout, optDaemon) != 0 {
		return refuse(statusUsage, "Illegal 'watch' option with the connections, timeouts and daemons")
	}
	if r.given&set(optStats, optRate, optThresholds, optPersistentConn, optTunInfo) == 0 {
		r.given |= set(optRate)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	resized, suspended := make(chan os.Signal, 1), make(chan os.Signal, 1)
	t := newTerminal(s.in.Stdin, s.in.Stdout)
	if t != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		signal.Notify(resized, unix.SIGWINCH)
		defer signal.Stop(resized)
		signal.Notify(suspended, unix.SIGTSTP)
		defer signal.Stop(suspended)
		t.enter()
		defer t.leave()
		go t.awaitQuit(cancel) // It ends with the key, or with the process.
	}
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		b, bad := s.table(ctx, r)
		if ctx.Err() != nil {
			return nil
		}
		if bad != nil {
			return bad
		}
		s.write(frame(b, time.Now(), r.every, t.rows()))
		if s.failed != nil {
			return nil // Nobody reads any more.
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-resized:
		case <-suspended:
			t.suspend()
		}
	}
}

// frame is one picture: a line with the time, and the listing. No rows means
// that it is no terminal.
func frame(listing []byte, now time.Time, every time.Duration, rows int) []byte {
	const day = "2006-01-02 15:04:05"
	if rows == 0 {
		return append(fmt.Appendf(nil, "%s\n", now.Format(day)), listing...)
	}
	lines := bytes.Split(bytes.TrimSuffix(listing, []byte("\n")), []byte("\n"))
	more := 0
	if room := max(rows-1, 1); len(lines) > room {
		more = len(lines) - (room - 1)
		lines = lines[:room-1]
	}
	b := fmt.Appendf(nil, home+eraseLine+"%s, every %s; q ends", now.Format(day), every)
	for _, line := range lines {
		b = append(append(b, "\n"+eraseLine...), line...)
	}
	if more > 0 {
		b = fmt.Appendf(b, "\n"+eraseLine+"… %d more lines", more)
	}
	return append(b, eraseRest...)
}
