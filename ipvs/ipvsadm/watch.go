package ipvsadm

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// Control sequences of ECMA-48: the cursor home, and from there to the end of
// the line or the screen erased. Erasing as one goes does not flicker.
const (
	home      = "\x1b[H"
	eraseLine = "\x1b[K"
	eraseRest = "\x1b[J"
)

// watch lists again and again until ctx ends, ^C, or q. On a terminal each
// listing replaces the one before; elsewhere they follow one another, which
// is what one wants of a log.
func (s *session) watch(ctx context.Context, r request) *refusal {
	if r.given&set(optConnection, optTimeout, optDaemon) != 0 {
		return refuse(statusUsage, "Illegal 'watch' option with the connections, timeouts and daemons")
	}
	if r.given&set(optStats, optRate, optThresholds, optPersistentConn, optTunInfo) == 0 {
		r.given |= set(optRate)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, unix.SIGTERM)
	defer stop()
	screen := isTerminal(s.in.Stdout)
	if screen {
		ctx2, cancel := context.WithCancel(ctx)
		defer cancel()
		ctx = ctx2
		defer quitKey(s.in.Stdin, cancel)()
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
		s.write(frame(b, time.Now(), r.every, screen))
		if s.failed != nil {
			return nil // Nobody reads any more.
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// frame is one picture: a line with the time, and the listing.
func frame(listing []byte, now time.Time, every time.Duration, screen bool) []byte {
	const day = "2006-01-02 15:04:05"
	if !screen {
		return append(fmt.Appendf(nil, "%s\n", now.Format(day)), listing...)
	}
	b := fmt.Appendf(nil, home+"%s, every %s; q ends"+eraseLine+"\n", now.Format(day), every)
	for _, c := range listing {
		if c == '\n' {
			b = append(b, eraseLine...)
		}
		b = append(b, c)
	}
	return append(b, eraseRest...)
}

func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// quitKey calls quit when q is pressed, until it is undone. The terminal hands
// over keys without waiting for the end of a line meanwhile.
func quitKey(in io.Reader, quit func()) (undo func()) {
	file, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	fd := int(file.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	keys := *before
	keys.Lflag &^= unix.ICANON | unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &keys); err != nil {
		return func() {}
	}
	go func() { // It ends with the key, or with the process.
		key := make([]byte, 1)
		for {
			if _, err := file.Read(key); err != nil {
				return
			}
			if key[0] == 'q' || key[0] == 'Q' {
				quit()
				return
			}
		}
	}()
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }
}
