package testkernel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// order is what the host tells the launcher and the guest.
type order struct {
	Kernel       Kernel
	installation // Flat in JSON.

	Accel    string // What executes it, in QEMU's word.
	MemoryMB int
	Argv     []string
	Env      []string
	Dir      string
	Out      []string
	Entropy  []byte // Seeds the guest's random pool, which has no other source.
}

// newOrder completes the options: defaults, absolute paths.
func newOrder(o Options) (order, error) {
	if len(o.Argv) == 0 {
		return order{}, errors.New("no command to run")
	}
	if os.Geteuid() != 0 {
		return order{}, errors.New("the test kernel needs root: it gets namespaces of its own on this machine")
	}
	parts, err := o.Kernel.locate()
	if err != nil {
		return order{}, err
	}
	ord := order{
		Kernel: o.Kernel, installation: parts, MemoryMB: o.MemoryMB,
		Argv: o.Argv, Env: o.Env, Dir: o.Dir, Entropy: entropy(),
	}
	switch {
	case ord.MemoryMB != 0:
	case ord.Kernel == Complete:
		ord.MemoryMB = 1500
	default:
		ord.MemoryMB = 1024
	}
	if ord.Env == nil {
		ord.Env = os.Environ()
	}
	if ord.Dir == "" {
		if ord.Dir, err = os.Getwd(); err != nil {
			return order{}, fmt.Errorf("find the working directory: %w", err)
		}
	}
	for _, dir := range o.Out {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return order{}, fmt.Errorf("find the output folder: %w", err)
		}
		if info, err := os.Stat(abs); err != nil || !info.IsDir() {
			return order{}, fmt.Errorf("output folder %s is no folder: %w", dir, err)
		}
		if !slices.Contains(ord.Out, abs) {
			ord.Out = append(ord.Out, abs)
		}
	}
	return ord, nil
}
