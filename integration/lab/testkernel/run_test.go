package testkernel

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// callerEnv makes the test binary a program that runs a sleep in a test kernel
// and says when it runs, for tests that end that program.
const callerEnv = "TESTKERNEL_TEST_CALLER"

func TestMain(m *testing.M) {
	MaybeInit()
	if kind := os.Getenv(callerEnv); kind != "" {
		o := Options{Argv: []string{"sleep", "300"}, BootLimit: testBoot, OnStart: func(time.Duration) { fmt.Println("started") }}
		if kind == Complete.String() {
			o.Kernel = Complete
		}
		_, err := Run(context.Background(), o)
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// needKernel skips the test where the machine or its owner wants no test
// kernel, and fails it where root has forgotten to install it. The complete one
// is not for every machine: its packages are Debian's for amd64.
func needKernel(t *testing.T, k Kernel) {
	t.Helper()
	err := k.Installed()
	switch {
	case os.Geteuid() != 0:
		t.Skip("not root: the test kernel gets namespaces of its own; run the tests as root")
	case err == nil:
	case k == Complete, os.Getenv("TANDEM_NO_KERNEL") == "1":
		t.Skip(err)
	default:
		t.Fatal(err, " (or set TANDEM_NO_KERNEL=1)")
	}
}

// testBoot bounds a boot on a busy machine.
const testBoot = 2 * time.Minute

// everyKernel runs a test on each of the kernels.
func everyKernel(t *testing.T, test func(t *testing.T, k Kernel)) {
	for _, k := range []Kernel{UserMode, Complete} {
		t.Run(k.String(), func(t *testing.T) {
			needKernel(t, k)
			t.Parallel()
			test(t, k)
		})
	}
}

// A boot of the complete kernel takes long where it is emulated, so that one
// shows all that a command may see and do.
func TestRunCarriesStreamsAndExitCode(t *testing.T) {
	everyKernel(t, func(t *testing.T, k Kernel) {
		// How the guest itself would write to the host.
		host := map[Kernel]string{
			UserMode: "mount -t hostfs none /mnt -o /",
			Complete: "mount -t virtiofs host /mnt",
		}[k]
		dir := t.TempDir()
		var stdout, stderr bytes.Buffer
		var boot time.Duration
		input := bytes.Repeat([]byte("every byte \x00\xff\r\n\x03\x04\x1a counts "), 500)
		code, err := Run(t.Context(), Options{
			Kernel: k,
			Argv: []string{"sh", "-c", `
				cat
				echo "$COLOUR $(pwd) $(cat /proc/sys/kernel/hostname)" >&2
				test -e /proc/net/ip_vs && echo has ipvs >&2
				echo kept >"$OUT/kept"
				echo lost >"$OUT.lost"
				` + host + ` && test -e /mnt/etc && ! touch /mnt/etc/x 2>/dev/null && echo cannot write >&2
				exit 7`},
			Env:       append(os.Environ(), "COLOUR=red", "OUT="+dir),
			Dir:       "/etc",
			Stdin:     bytes.NewReader(input),
			Stdout:    &stdout,
			Stderr:    &stderr,
			Out:       []string{dir},
			BootLimit: testBoot,
			OnStart:   func(d time.Duration) { boot = d },
		})
		if err != nil || code != 7 {
			t.Fatalf("exit code %d, %v; want 7", code, err)
		}
		if !bytes.Equal(stdout.Bytes(), input) {
			t.Errorf("standard output has %d bytes and is not the input of %d", stdout.Len(), len(input))
		}
		if got, want := stderr.String(), "red /etc testkernel\nhas ipvs\ncannot write\n"; got != want {
			t.Errorf("standard error %q, want %q", got, want)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "kept")); err != nil || string(got) != "kept\n" {
			t.Errorf("file in the output folder: %q, %v", got, err)
		}
		if _, err := os.Stat(dir + ".lost"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("file beside the output folder reached the host: %v", err)
		}
		t.Logf("booted in %.2f s", boot.Seconds())
	})
}

func TestRunErrors(t *testing.T) {
	everyKernel(t, func(t *testing.T, k Kernel) {
		for name, tt := range map[string]struct {
			argv  []string
			limit time.Duration
			code  int
			want  string // In the error; none where empty.
			same  bool   // In every kernel, so that the one which boots fast will do.
		}{
			"command killed":           {argv: []string{"sh", "-c", "kill -9 $$"}, code: 128 + 9, same: true},
			"no such command":          {argv: []string{"no-such-command"}, want: "find the command", same: true},
			"kernel panics":            {argv: []string{"sh", "-c", "echo c >/proc/sysrq-trigger; sleep 100"}, want: "sysrq triggered crash"},
			"command powers off":       {argv: []string{"sh", "-c", "echo o >/proc/sysrq-trigger; sleep 100"}, want: "without an answer", same: true},
			"boot longer than allowed": {argv: []string{"true"}, limit: 500 * time.Millisecond, want: "not started in "},
		} {
			if tt.same && k != UserMode {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				limit := testBoot
				if tt.limit != 0 {
					limit = tt.limit
				}
				code, err := Run(t.Context(), Options{Kernel: k, Argv: tt.argv, BootLimit: limit})
				switch {
				case tt.want == "" && (err != nil || code != tt.code):
					t.Errorf("exit code %d, %v; want %d", code, err, tt.code)
				case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
					t.Errorf("exit code %d, %v; want an error with %q", code, err, tt.want)
				}
			})
		}
	})
}

// It ends the launcher, as the end of the caller does, which is tested with
// every kernel.
func TestRunEndsWithItsContext(t *testing.T) {
	needKernel(t, UserMode)
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Options{
		Argv:      []string{"sleep", "300"},
		BootLimit: testBoot,
		OnStart:   func(time.Duration) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// The caller is ended in every way that leaves it no time to tidy up.
func TestNothingOutlivesTheCaller(t *testing.T) {
	everyKernel(t, func(t *testing.T, k Kernel) {
		signals := []unix.Signal{unix.SIGKILL, unix.SIGINT}
		if k == Complete {
			signals = signals[:1] // To Pdeathsig they are the same.
		}
		for _, sig := range signals {
			t.Run(unix.SignalName(sig), func(t *testing.T) {
				t.Parallel()
				caller := exec.CommandContext(t.Context(), "/proc/self/exe")
				caller.Env = append(os.Environ(), callerEnv+"="+k.String())
				stdout, err := caller.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := caller.Start(); err != nil {
					t.Fatal(err)
				}
				line, err := bufio.NewReader(stdout).ReadString('\n')
				if err != nil || line != "started\n" {
					t.Fatalf("caller says %q, %v", line, err)
				}
				guests := descendants(t, caller.Process.Pid)
				if len(guests) < 3 {
					t.Fatalf("%d processes below the caller, want the launcher, the kernel and its helpers", len(guests))
				}
				if err := caller.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				_ = caller.Wait() // It was killed.
				for pid, fd := range guests {
					if err := waitEnd(fd, 10*time.Second); err != nil {
						t.Errorf("process %d still runs after its caller: %v", pid, err)
					}
				}
			})
		}
	})
}

// waitEnd waits until the process of a pidfd has ended.
func waitEnd(pidfd int, limit time.Duration) error {
	for end := time.Now().Add(limit); ; {
		poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
		switch n, err := unix.Poll(poll, max(0, int(time.Until(end).Milliseconds()))); {
		case err == unix.EINTR:
		case n == 1:
			return nil
		case err != nil:
			return err
		default:
			return os.ErrDeadlineExceeded
		}
	}
}

// descendants returns a pidfd for every process below pid.
func descendants(t *testing.T, pid int) map[int]int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]int{}
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // It has just ended.
		}
		// proc_pid_stat(5): the name in brackets may hold anything.
		after := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		parent, _ := strconv.Atoi(after[1])
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		children[parent] = append(children[parent], child)
	}
	found := map[int]int{}
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		for _, child := range children[todo[0]] {
			if fd, err := unix.PidfdOpen(child, 0); err == nil {
				found[child] = fd
				t.Cleanup(func() { _ = unix.Close(fd) })
			}
			todo = append(todo, child)
		}
	}
	return found
}
