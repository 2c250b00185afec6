package testkernel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Files on the stage for QEMU.
const (
	stageRAM    = stage + "/initramfs"
	stageSocket = stage + "/files.sock"
)

// hostTag is the name by which the guest mounts the host's files.
const hostTag = "host"

// bootQEMU runs the complete kernel until it ends, and beside it the server of
// the host's files. QEMU ends with the kernel, the server with QEMU.
func bootQEMU(ord order, spec []byte) error {
	if err := writeInitramfs(stageRAM, ord.installation, spec); err != nil {
		return err
	}
	files, err := startFileServer(ord.FileSrv)
	if err != nil {
		return err
	}
	machine := exec.Command(ord.Program, qemuArguments(ord)...)
	// The file of the guest's memory is no file but in name: memfd.
	machine.Env = []string{"HOME=" + stage, "TMPDIR=" + stage}
	machine.Stdout, machine.Stderr = os.Stdout, os.Stderr
	machine.ExtraFiles = []*os.File{os.NewFile(guestLine, "guest line")}
	if err := machine.Run(); err != nil {
		err = fmt.Errorf("run %s: %w", ord.Program, err)
		_ = files.Process.Kill()
		return errors.Join(err, ignoreExit(files.Wait()))
	}
	_ = files.Process.Kill() // It may have ended with its client.
	return ignoreExit(files.Wait())
}

// ignoreExit forgives a process that it did not end well.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

// startFileServer starts virtiofsd on the whole root directory as this mount
// namespace shows it: read-only but for the output folders. Handed its socket
// it leaves no lock file in /run.
func startFileServer(program string) (*exec.Cmd, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: stageSocket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open a socket for the host's files: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close()
	socket, err := listener.File()
	if err != nil {
		return nil, fmt.Errorf("open a socket for the host's files: %w", err)
	}
	defer socket.Close()
	// The namespaces of its own sandbox would be the second ones around it.
	// Nothing of the host changes while the guest reads it: cache always.
	server := exec.Command(program, "--fd=3", "-f",
		"-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always", "-o", "log_level=err")
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	server.ExtraFiles = []*os.File{socket}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return server, nil
}

// qemuArguments is the machine: two processors, no disk, no network card.
func qemuArguments(ord order) []string {
	memory := strconv.Itoa(ord.MemoryMB) + "M"
	cpu := "max"
	if ord.Accel == accelKVM {
		cpu = "host"
	}
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35,memory-backend=memory", "-accel", ord.Accel, "-cpu", cpu, "-smp", "2", "-m", memory,
		// Shared with the file server, which writes into the guest's pages.
		"-object", "memory-backend-memfd,id=memory,share=on,size=" + memory,
		"-chardev", "socket,id=files,path=" + stageSocket,
		"-device", "vhost-user-fs-pci,chardev=files,tag=" + hostTag,
		// The kernel's messages leave by standard output, the command's streams
		// by a line of their own, which carries every byte as it is.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-chardev", "socket,id=line,fd=" + strconv.Itoa(guestLine),
		"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=line",
		"-kernel", ord.Image, "-initrd", stageRAM,
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off audit=0 " + initEnv + "=" + Complete.String(),
	}
}

// QEMU's names of what executes the guest.
const (
	accelKVM = "kvm" // The processor itself (Kernel-based Virtual Machine).
	accelTCG = "tcg" // Translation in software; works everywhere.
)

// accelerators returns what to try, in order. A device file is no promise: in
// a virtual machine it may fail at the first use, or hang.
func (k Kernel) accelerators() []string {
	if k != Complete {
		return []string{""}
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return []string{accelTCG}
	}
	_ = f.Close() // Nothing was written.
	return []string{accelKVM, accelTCG}
}

// Where the initramfs mounts the host's files and the layers over them.
const (
	ramHost   = "/host"
	ramLayers = "/layers"
)

// qemuGuest is the complete kernel as its first process sees it: the root is
// the initramfs.
type qemuGuest struct{}

func (qemuGuest) orders() string { return ramOrder }

// openLine opens the only port of the only virtio console.
func (qemuGuest) openLine() (*os.File, error) {
	if err := unix.Mount("devtmpfs", "/dev", "devtmpfs", 0, ""); err != nil {
		return nil, fmt.Errorf("mount /dev: %w", err)
	}
	l := newLoader(hostModules)
	for _, name := range bootModules {
		if err := l.load(name); err != nil && !errors.Is(err, os.ErrNotExist) { // It may be built in.
			return nil, err
		}
	}
	// The port is announced by the host after the driver is ready.
	for range 500 {
		if ports, _ := filepath.Glob("/dev/vport*"); len(ports) > 0 {
			// Blocking, because a port that the host's end has not joined yet
			// lets a poller believe that its host has gone.
			fd, err := unix.Open(ports[0], unix.O_RDWR|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, err
			}
			return os.NewFile(uintptr(fd), ports[0]), nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("no port appears")
}

func (qemuGuest) enterRoot() error {
	if err := unix.Mount(hostTag, ramHost, "virtiofs", 0, ""); err != nil {
		return fmt.Errorf("mount the host's files: %w", err)
	}
	root, err := mountOverlay(ramHost, ramLayers)
	if err != nil {
		return err
	}
	// An initramfs cannot be pivoted away; what is moved over it becomes the
	// root for the kernel's own module loader too, which shares it with us.
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("enter the overlay: %w", err)
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("make the overlay the root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("change to the overlay: %w", err)
	}
	return os.Chdir("/")
}

// mountOut mounts all of the host's files for a moment, to bind one folder of
// them.
func (qemuGuest) mountOut(dir string) error {
	const all = "/run/host"
	if err := os.Mkdir(all, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := unix.Mount(hostTag, all, "virtiofs", 0, ""); err != nil {
		return err
	}
	bound := unix.Mount(filepath.Join(all, dir), dir, "", unix.MS_BIND, "")
	return errors.Join(bound, unix.Unmount(all, 0))
}
