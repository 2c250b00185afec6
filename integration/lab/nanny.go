package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The nanny is the first process of a command's process namespace. It gives
// the command private mounts, starts it, and collects every descendant that
// ends, as the first process must. The command itself is not the first process
// because the kernel protects that one from signals it does not handle.

// nannyName is argument 0 of the nanny.
const nannyName = "tandem-lab-nanny"

// nannyLine is the nanny's descriptor of the line to the lab.
const nannyLine = 3

// nannyOrders is argument 1 of the nanny.
type nannyOrders struct {
	Host   string
	Argv   []string
	RunDir string
}

// nannyReport is a line from the nanny: Started, then how the command ended, or
// Failed alone.
type nannyReport struct {
	Failed  string         `json:",omitempty"`
	Started int            `json:",omitempty"` // The command's pid inside.
	Code    int            `json:",omitempty"`
	Signal  syscall.Signal `json:",omitempty"`
}

// nanny never returns.
func nanny() {
	line := os.NewFile(nannyLine, "line to the lab")
	unix.CloseOnExec(nannyLine)
	report := json.NewEncoder(line)
	if err := nurse(line, report); err != nil {
		_ = report.Encode(nannyReport{Failed: err.Error()}) // Nobody else to tell.
		os.Exit(1)
	}
	os.Exit(0)
}

// nurse starts the command and returns when no process is left.
func nurse(line io.Reader, report *json.Encoder) error {
	var o nannyOrders
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	if err := privateMounts(o.RunDir); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(o.Host)); err != nil {
		return fmt.Errorf("set the host's name: %w", err)
	}
	path, err := exec.LookPath(o.Argv[0])
	if err != nil {
		return err
	}
	// The nanny ends with its last child or by SIGKILL, by nothing else. Notify
	// and not Ignore, which the command would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	child, err := os.StartProcess(path, o.Argv, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return err
	}
	if err := report.Encode(nannyReport{Started: child.Pid}); err != nil {
		return err
	}
	// The lab looks the command up by this pid; until it says so, even an ended
	// command must stay there to be found.
	if _, err := io.ReadFull(line, make([]byte, 1)); err != nil {
		return fmt.Errorf("hear the lab: %w", err)
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err == unix.ECHILD:
			return nil
		case err != nil:
			return fmt.Errorf("wait for the command: %w", err)
		case pid == child.Pid:
			// ExitStatus is -1 where a signal ended the process, Signal where
			// none did.
			r := nannyReport{Code: status.ExitStatus()}
			if status.Signaled() {
				r.Signal = status.Signal()
			}
			if err := report.Encode(r); err != nil {
				return err
			}
		}
	}
}

// privateMounts gives the process namespace a /proc and a /sys of its own and
// empty run folders, in which two daemons of one kind do not meet over pid
// files; keep stays visible where it lies below one.
func privateMounts(keep string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	kept := -1
	if keep != "" {
		var err error
		if kept, err = unix.Open(keep, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("open the run folder: %w", err)
		}
		defer unix.Close(kept)
	}
	for _, dir := range []string{"/run", "/var/run"} {
		// /var/run is a link to /run today and a folder on old systems.
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("mount a private %s: %w", dir, err)
		}
		if !strings.HasPrefix(keep, dir+"/") {
			continue
		}
		if err := os.MkdirAll(keep, 0o755); err != nil {
			return fmt.Errorf("keep the run folder: %w", err)
		}
		if err := unix.Mount("/proc/self/fd/"+strconv.Itoa(kept), keep, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("keep the run folder: %w", err)
		}
	}
	// Last, because /proc/self/fd above is the old one's.
	for _, kind := range []string{"sysfs", "proc"} {
		if err := unix.Mount(kind, filepath.Join("/", strings.TrimSuffix(kind, "fs")), kind, 0, ""); err != nil {
			return fmt.Errorf("mount a private %s: %w", kind, err)
		}
	}
	return nil
}
