package testkernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// launcherName is argument 0 of the process that holds the test kernel.
const launcherName = "tandem-testkernel-launcher"

// stage is where the launcher puts the guest's files: a tmpfs in its own mount
// namespace, over a folder that every machine has and that the guest needs
// nothing of, because it mounts a sysfs of its own there. It goes when the test
// kernel goes, however it goes.
const stage = "/sys"

// Files on the stage. User Mode Linux sees them at the same paths until it
// changes its root.
const (
	stageInit  = stage + "/init"
	stageOrder = stage + "/order.json"
	stageUML   = stage + "/uml"
)

// guestLine is the launcher's descriptor of the line to the guest.
const guestLine = 3

// launch runs as the first process of a fresh process and mount namespace,
// prepares what the guest may see of the host, and runs the test kernel until
// it ends.
func launch() error {
	spec, err := io.ReadAll(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	var ord order
	if err := json.Unmarshal(spec, &ord); err != nil {
		return fmt.Errorf("parse the orders: %w", err)
	}
	if err := sealHost(ord.Out); err != nil {
		return err
	}
	if err := setStage(spec); err != nil {
		return err
	}
	// A crash is told by the console, not by a core file of the guest's memory.
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("limit core files: %w", err)
	}
	if ord.Kernel == Complete {
		return bootQEMU(ord, spec)
	}
	return bootUML(ord)
}

// sealHost makes the whole mount tree of this namespace read-only, except the
// output folders: whatever the guest mounts, it cannot write to the host.
func sealHost(out []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, dir := range out {
		if err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("bind output folder %s: %w", dir, err)
		}
	}
	ro := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, ro)
	if err == unix.ENOSYS {
		return nil // Before Linux 5.12 the guest's own read-only mount must do.
	}
	if err != nil {
		return fmt.Errorf("make the host's files read-only: %w", err)
	}
	rw := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	for _, dir := range out {
		if err := unix.MountSetattr(unix.AT_FDCWD, dir, unix.AT_RECURSIVE, rw); err != nil {
			return fmt.Errorf("make output folder %s writable: %w", dir, err)
		}
	}
	return nil
}

// setStage mounts the stage and puts the guest's orders on it.
func setStage(spec []byte) error {
	if err := unix.Mount("tmpfs", stage, "tmpfs", 0, "size=0,mode=0755"); err != nil {
		return fmt.Errorf("mount a tmpfs for the guest's files: %w", err)
	}
	if err := os.Mkdir(stageUML, 0o700); err != nil {
		return fmt.Errorf("make a folder for the guest's files: %w", err)
	}
	if err := os.WriteFile(stageOrder, spec, 0o600); err != nil {
		return fmt.Errorf("hand on the orders: %w", err)
	}
	return nil
}

// copySelf copies this program: it may lie at a path that the kernel's command
// line cannot say, or be deleted.
func copySelf(to string) error {
	from, err := os.Open(self)
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return fmt.Errorf("make the guest's first program: %w", err)
	}
	if _, err := io.Copy(f, from); err != nil {
		return errors.Join(fmt.Errorf("copy the guest's first program: %w", err), f.Close())
	}
	return f.Close()
}
