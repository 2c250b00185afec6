// Package testkernel runs a command under a kernel that has IPVS, on machines
// whose own kernel has none, or that has nftables besides: it boots User Mode
// Linux, or QEMU with a distribution's kernel, on the host's root directory,
// seen read-only under an overlay, and runs the command there with its standard
// streams connected.
//
// The invariant: nothing of the host changes and nothing is left behind, also
// when the caller is killed. The whole test kernel lives in one process
// namespace whose first process dies with the caller, and its files in one
// mount namespace whose mounts die with it.
package testkernel

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Options says what to run in the test kernel.
type Options struct {
	// Kernel is the kernel to boot.
	Kernel Kernel

	// Argv is the command. Argv[0] is a path or a name looked up in PATH
	// inside; every file of the host is there under the same path.
	Argv []string
	// Env is the environment of the command, nil for the caller's.
	Env []string
	// Dir is the working directory, empty for the caller's.
	Dir string

	// Stdin, Stdout and Stderr are the command's streams, byte for byte and
	// separate from the guest kernel's own messages; nil means the null device.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Out lists host folders that the command may write to, at the same path
	// inside. Everything else it writes is lost when it ends.
	Out []string

	// MemoryMB is the guest's memory, 0 for 1024, or 1500 of the complete
	// kernel. The host pays only for what is touched.
	MemoryMB int
	// BootLimit bounds the time until the command starts, 0 for one minute.
	BootLimit time.Duration
	// OnStart, where not nil, is called once when the command starts.
	OnStart func(boot time.Duration)
}

// Environment variables by which the guest's processes know what they are.
const (
	initEnv   = "TANDEM_TESTKERNEL_INIT" // The first process; from the kernel's command line.
	insideEnv = "TANDEM_TESTKERNEL"      // The command and what it starts.
)

// MaybeInit turns the process into the test kernel's launcher or its first
// process where it was started as one of them, and then never returns. In any
// other process it does nothing. Programs and test mains that call Run call it
// before anything else.
func MaybeInit() {
	switch {
	case os.Args[0] == launcherName:
		if err := launch(); err != nil {
			fmt.Fprintf(os.Stderr, "test kernel launcher: %v\n", err)
			os.Exit(1)
		}
		os.Exit(0)
	case os.Getpid() != 1:
	case os.Getenv(initEnv) == UserMode.String():
		guest(umlGuest{})
	case os.Getenv(initEnv) == Complete.String():
		guest(qemuGuest{})
	}
}

// Inside reports whether this process runs in a test kernel.
func Inside() bool {
	return os.Getenv(insideEnv) != ""
}
