package ipvsadm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFrames(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const top = home + eraseLine + "2026-01-02 03:04:05, every 1s; q ends"
	const next = "\n" + eraseLine
	for _, c := range []struct {
		name, listing string
		rows          int
		want          string
	}{
		{"a log", "a\nb\n", 0, "2026-01-02 03:04:05\na\nb\n"},
		{"room for all", "a\nb\n", 10, top + next + "a" + next + "b" + eraseRest},
		{"just room for all", "a\nb\n", 3, top + next + "a" + next + "b" + eraseRest},
		{"too long", "a\nb\nc\n", 3, top + next + "a" + next + "… 2 more lines" + eraseRest},
		{"no room", "a\nb\nc\n", 1, top + next + "… 3 more lines" + eraseRest},
	} {
		if got := string(frame([]byte(c.listing), now, time.Second, c.rows)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// pty is a terminal: what is written to the one end is typed at the other.
func pty(t *testing.T, rows uint16) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("%v: no pseudo terminals here", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("%v: no pseudo terminals here", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 80}); err != nil {
		t.Fatal(err)
	}
	return keyboard, tty
}

// A terminal is used as far as it goes, and is given back on ^Z and in the end.
func TestWatchOnATerminal(t *testing.T) {
	b := newBench(t)
	b.reset(t)
	b.ours.run(t, "ipvsadm", rules(40), "-R")
	keyboard, tty := pty(t, 12)
	mode := func() unix.Termios {
		m, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return *m
	}
	before := mode()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(t.TempDir(), "ipvsadm")
	if err := os.Symlink(self, ours); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ours, "-Ln", "--watch", "1")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen []byte
	until := func(what string) {
		t.Helper()
		if err := keyboard.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 4096); ; {
			if _, rest, found := bytes.Cut(seen, []byte(what)); found {
				seen = rest
				return
			}
			n, err := keyboard.Read(buf)
			if err != nil {
				t.Fatalf("wait for %q: %v; the last seen is %q", what, err, seen[max(0, len(seen)-400):])
			}
			seen = append(seen, buf[:n]...)
		}
	}
	until(enterScreen)
	until("… 33 more lines")
	if m := mode(); m.Lflag&unix.ICANON != 0 {
		t.Error("keys wait for the end of a line")
	}
	if _, err := keyboard.WriteString("\x1a"); err != nil {
		t.Fatal(err)
	}
	until(leaveScreen)
	var status unix.WaitStatus
	if _, err := unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("after ^Z: %v, %v", status, err)
	}
	if m := mode(); m != before {
		t.Errorf("after ^Z the terminal is %+v, was %+v", m, before)
	}
	if err := cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	until(enterScreen)
	if err := unix.IoctlSetWinsize(int(keyboard.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: 80}); err != nil {
		t.Fatal(err)
	}
	until("… 25 more lines")
	if _, err := keyboard.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	until(leaveScreen)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if m := mode(); m != before {
		t.Errorf("in the end the terminal is %+v, was %+v", m, before)
	}
	if strings.Contains(string(seen), enterScreen) {
		t.Error("it took the screen again")
	}
}
