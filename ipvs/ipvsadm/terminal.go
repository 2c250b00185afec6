package ipvsadm

import (
	"context"
	"io"
	"math"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// Control sequences of ECMA-48: the cursor home, and from there to the end of
// the line or the screen erased, since erasing as one goes does not flicker.
// Those of xterm: a screen of one's own without line wrap, and back.
const (
	home        = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseRest   = "\x1b[J"
	enterScreen = "\x1b[?1049h\x1b[?7l"
	leaveScreen = "\x1b[?7h\x1b[?1049l"
)

// terminal is where a listing is watched.
type terminal struct {
	in, out *os.File      // in is nil where no keys can be read
	before  *unix.Termios // of in
}

// newTerminal is nil when out is no terminal.
func newTerminal(in io.Reader, out io.Writer) *terminal {
	t := &terminal{}
	t.out, _ = out.(*os.File)
	if t.out == nil {
		return nil
	}
	if _, err := unix.IoctlGetTermios(int(t.out.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	if file, ok := in.(*os.File); ok {
		if before, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err == nil {
			t.in, t.before = file, before
		}
	}
	return t
}

// enter takes the screen, and has keys handed over without waiting for the end
// of a line.
func (t *terminal) enter() {
	if t.in != nil {
		keys := *t.before
		keys.Lflag &^= unix.ICANON | unix.ECHO
		_ = unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, &keys) // Then q takes a return.
	}
	_, _ = t.out.WriteString(enterScreen)
}

// leave gives the terminal back as it was.
func (t *terminal) leave() {
	_, _ = t.out.WriteString(leaveScreen)
	if t.in != nil {
		_ = unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, t.before)
	}
}

// suspend is ^Z: the shell gets its terminal back, until it continues us. The
// process may run on for a moment after the signal, so it waits for the other.
func (t *terminal) suspend() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, unix.SIGCONT)
	defer signal.Stop(continued)
	t.leave()
	if unix.Kill(os.Getpid(), unix.SIGSTOP) == nil {
		<-continued
	}
	t.enter()
}

// rows is the height of the terminal; one that does not tell has no end. It is
// 0 where there is none.
func (t *terminal) rows() int {
	if t == nil {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Row == 0 {
		return math.MaxInt
	}
	return int(size.Row)
}

// awaitQuit calls quit when q is pressed.
func (t *terminal) awaitQuit(quit context.CancelFunc) {
	if t.in == nil {
		return
	}
	key := make([]byte, 1)
	for {
		if _, err := t.in.Read(key); err != nil {
			return
		}
		if key[0] == 'q' || key[0] == 'Q' {
			quit()
			return
		}
	}
}
