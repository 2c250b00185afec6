package testkernel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// system is what differs between the test kernels for their first process.
type system interface {
	orders() string               // The file that says what to run.
	openLine() (*os.File, error)  // The line to the host, as a clean channel of bytes.
	enterRoot() error             // Makes the host's files, read-only under an overlay, the root.
	mountOut(folder string) error // Mounts a folder of the host such that it can be written to.
}

// guest is the life of the test kernel's first process. It never returns, and
// it must not exit: the kernel would panic.
func guest(sys system) {
	line, err := sys.openLine()
	if err != nil {
		fmt.Fprintf(os.Stderr, "test kernel: open the line to the host: %v\n", err)
		powerOff()
	}
	fw := &frameWriter{w: line}
	if code, err := serve(sys, line, fw); err != nil {
		_ = fw.send(frameFail, []byte(err.Error())) // Without a line there is nobody to tell.
	} else {
		_ = fw.send(frameExit, binary.BigEndian.AppendUint32(nil, uint32(code)))
	}
	// The host ends this machine when it has read the last frame; power off
	// for the case that it does not.
	time.Sleep(time.Second)
	powerOff()
}

func powerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // The reboot call ends the machine, not this function.
}

// serve prepares the guest, runs the command and returns its exit code, with
// everything it wrote to the host's folders on the host.
func serve(sys system, line io.Reader, fw *frameWriter) (int, error) {
	spec, err := os.ReadFile(sys.orders())
	if err != nil {
		return 0, fmt.Errorf("read the orders: %w", err)
	}
	var ord order
	if err := json.Unmarshal(spec, &ord); err != nil {
		return 0, fmt.Errorf("parse the orders: %w", err)
	}
	if err := prepare(sys, ord); err != nil {
		return 0, err
	}
	code, err := runCommand(ord, line, fw)
	if err != nil {
		return 0, err
	}
	unix.Sync()
	for _, dir := range ord.Out {
		_ = unix.Unmount(dir, unix.MNT_DETACH) // Synced; a leftover process may hold it.
	}
	return code, nil
}

// prepare makes the guest a place to work in.
func prepare(sys system, ord order) error {
	seedEntropy(ord.Entropy)
	if err := sys.enterRoot(); err != nil {
		return err
	}
	if err := mountSystem(); err != nil {
		return err
	}
	if err := loadModules(ord); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	for _, dir := range ord.Out {
		if err := sys.mountOut(dir); err != nil {
			return fmt.Errorf("mount the output folder %s: %w", dir, err)
		}
	}
	return nil
}

// runCommand starts the command, carries its streams and collects every
// process that ends, as the first process must.
func runCommand(ord order, line io.Reader, fw *frameWriter) (int, error) {
	os.Clearenv()
	for _, kv := range ord.Env {
		for i := range kv {
			if kv[i] == '=' && i > 0 {
				_ = os.Setenv(kv[:i], kv[i+1:]) // Fails for names that no shell sets.
				break
			}
		}
	}
	_ = os.Setenv(insideEnv, "1")
	if err := os.Chdir(ord.Dir); err != nil {
		return 0, fmt.Errorf("change to the working directory: %w", err)
	}
	path, err := exec.LookPath(ord.Argv[0])
	if err != nil {
		return 0, fmt.Errorf("find the command: %w", err)
	}
	p, err := openPipes()
	if err != nil {
		return 0, fmt.Errorf("make pipes for the command: %w", err)
	}
	child, err := os.StartProcess(path, ord.Argv, &os.ProcAttr{
		Files: []*os.File{p.stdin[0], p.stdout[1], p.stderr[1]},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("start the command: %w", err)
	}
	p.closeChildEnds()
	if err := fw.send(frameStarted, nil); err != nil {
		return 0, fmt.Errorf("tell the host: %w", err)
	}
	go feedCommand(line, p.stdin[1])
	var pumps sync.WaitGroup
	pumps.Go(func() { _, _ = io.Copy(fw.stream(frameStdout), p.stdout[0]) })
	pumps.Go(func() { _, _ = io.Copy(fw.stream(frameStderr), p.stderr[0]) })

	code, err := reapUntil(child.Pid)
	if err != nil {
		return 0, err
	}
	drained := make(chan struct{})
	go func() { pumps.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(time.Second): // A leftover process holds the pipe open.
	}
	return code, nil
}

// pipes are the command's streams, reading end first.
type pipes struct{ stdin, stdout, stderr [2]*os.File }

func openPipes() (p pipes, err error) {
	for _, pair := range []*[2]*os.File{&p.stdin, &p.stdout, &p.stderr} {
		if pair[0], pair[1], err = os.Pipe(); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p pipes) closeChildEnds() {
	_ = p.stdin[0].Close()
	_ = p.stdout[1].Close()
	_ = p.stderr[1].Close()
}

// feedCommand writes the host's input to the command, until its end.
func feedCommand(line io.Reader, stdin *os.File) {
	defer stdin.Close()
	for {
		kind, payload, err := readFrame(line)
		if err != nil || kind != frameStdin || len(payload) == 0 {
			return
		}
		_, _ = stdin.Write(payload) // A command need not read its input; keep reading for the line's sake.
	}
}

// reapUntil collects ended processes until the command is among them.
func reapUntil(pid int) (int, error) {
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("wait for the command: %w", err)
		case ended == pid && status.Signaled():
			return 128 + int(status.Signal()), nil
		case ended == pid:
			return status.ExitStatus(), nil
		}
	}
}
