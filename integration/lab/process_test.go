package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell starts a script in a host and returns its output line by line.
func shell(t *testing.T, h *Host, script string, o Command) (*Process, *bufio.Scanner) {
	t.Helper()
	reader, writer := io.Pipe()
	o.Argv, o.Stdout, o.Stderr = []string{"sh", "-c", script}, writer, writer
	p, err := h.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-p.Done(); _ = writer.Close() }()
	return p, bufio.NewScanner(reader)
}

func nextLine(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("no more output: %v", lines.Err())
	}
	return lines.Text()
}

func wait(t *testing.T, p *Process) Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	exit, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	exit.At = time.Time{}
	return exit
}

func TestProcess(t *testing.T) {
	l := newLab(t, Options{})
	h := l.Director(A)

	t.Run("sees its host and private folders", func(t *testing.T) {
		runDir := "/run/tandem-lab-test"
		t.Cleanup(func() { _ = os.RemoveAll(runDir) })
		p, lines := shell(t, h, `
			hostname
			ls /sys/class/net | tr '\n' ' '; echo
			echo "$COLOUR" >/run/other; cat /run/other
			echo kept >/run/tandem-lab-test/kept
			ls /run | tr '\n' ' '; echo
			exit 3`, Command{Env: []string{"COLOUR=red"}, RunDir: runDir})
		var got []string
		for range 4 {
			got = append(got, nextLine(t, lines))
		}
		if exit := wait(t, p); exit != (Exit{Code: 3}) {
			t.Errorf("exit %+v, want code 3", exit)
		}
		if got[0] != "a" || !strings.Contains(got[1], "outside") || got[2] != "red" || got[3] != "other tandem-lab-test " {
			t.Errorf("said %q", got)
		}
		if b, err := os.ReadFile(runDir + "/kept"); err != nil || string(b) != "kept\n" {
			t.Errorf("file in the run folder: %q, %v", b, err)
		}
		if _, err := os.Stat("/run/other"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the private /run is not private: %v", err)
		}
	})
	t.Run("hears signals and tells what ended it", func(t *testing.T) {
		p, lines := shell(t, h, `trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done`, Command{})
		nextLine(t, lines)
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if got := nextLine(t, lines); got != "term" {
			t.Errorf("said %q", got)
		}
		if exit := wait(t, p); exit != (Exit{Code: 5}) {
			t.Errorf("exit %+v, want code 5", exit)
		}
		if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("signal after the end: %v", err)
		}
		p, _ = shell(t, h, `kill -QUIT $$`, Command{})
		if exit := wait(t, p); exit != (Exit{Code: -1, Signal: syscall.SIGQUIT}) {
			t.Errorf("exit %+v, want SIGQUIT", exit)
		}
	})
	t.Run("dies with every descendant", func(t *testing.T) {
		p, lines := shell(t, h, `setsid sh -c 'trap "" TERM HUP; echo child; sleep 300' & wait`, Command{})
		nextLine(t, lines)
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		if exit := wait(t, p); exit != (Exit{Code: -1, Signal: syscall.SIGKILL}) {
			t.Errorf("exit %+v, want SIGKILL", exit)
		}
		if lines.Scan() {
			t.Errorf("said %q after its end", lines.Text())
		}
	})
	t.Run("is not done before its last descendant", func(t *testing.T) {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		p, lines := shell(t, h, `(read x <"$FIFO"; echo child ends) & exit 7`, Command{Env: []string{"FIFO=" + fifo}})
		eventually(t, "the command ended", func() (bool, error) {
			exit, over := p.Exited()
			return over && exit.Code == 7, nil
		})
		select {
		case <-p.Done():
			t.Error("done while a descendant runs")
		default:
		}
		if err := os.WriteFile(fifo, []byte("go\n"), 0); err != nil {
			t.Fatal(err)
		}
		if got := nextLine(t, lines); got != "child ends" {
			t.Errorf("said %q", got)
		}
		wait(t, p)
	})
	t.Run("pauses with every descendant", func(t *testing.T) {
		p, lines := shell(t, h, `while :; do echo tick; sleep 0.01; done & while :; do echo tick; sleep 0.01; done`, Command{})
		nextLine(t, lines)
		if err := p.Pause(); err != nil {
			t.Fatal(err)
		}
		members, err := namespaceMembers(p.nanny.Pid)
		if err != nil || len(members) < 2 {
			t.Fatalf("members %v, %v", members, err)
		}
		for _, pid := range members {
			if !stopped(pid) {
				t.Errorf("process %d is in state %s", pid, statusField(pid, "State"))
			}
		}
		if err := p.Resume(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			nextLine(t, lines)
		}
		// From here nobody reads: that must not hold up the end.
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("that does not exist", func(t *testing.T) {
		_, err := h.Start(t.Context(), Command{Argv: []string{"no-such-program"}})
		if err == nil || !strings.Contains(err.Error(), "no-such-program") {
			t.Errorf("error %v", err)
		}
	})
}

// A director's own words end up where its starter wants them, and a director
// that is not there cannot be started.
func TestStartDirector(t *testing.T) {
	l := newLab(t, Options{})
	if err := l.WriteConfig(B, "hello"); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	p, err := l.StartDirector(t.Context(), B, `env cat {conf} --`, &said)
	if err != nil {
		t.Fatal(err)
	}
	if exit := wait(t, p); exit.Code != 0 || said.String() != "hello" || l.Process(B) != p {
		t.Errorf("exit %+v, said %q", exit, said.String())
	}
	if err := l.PowerLoss(B); err != nil {
		t.Fatal(err)
	}
	if _, err := l.StartDirector(t.Context(), B, "true", nil); !errors.Is(err, errGone) {
		t.Errorf("start without power: %v, want %v", err, errGone)
	}
	if has, err := l.Director(B).HasAddress(l.Plan().Legs(B).Outside.Addr); has || err != nil {
		t.Errorf("address without power: %t, %v", has, err)
	}
}
