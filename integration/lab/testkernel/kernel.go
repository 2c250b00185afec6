package testkernel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kernel says which test kernel to boot.
type Kernel int

// The test kernels.
const (
	// UserMode is User Mode Linux (linux.uml, Debian package user-mode-linux;
	// Documentation/virt/uml/user_mode_linux_howto_v2.rst in the kernel tree).
	// It has IPVS, all tunnels and legacy iptables, one processor, and no
	// nftables for IPv4 and IPv6.
	UserMode Kernel = iota
	// Complete is Debian's kernel for clouds in QEMU: nftables too, and two
	// processors. Where the machine does not accelerate it, it is emulated in
	// software: many times slower than UserMode at everything but system calls.
	Complete
)

// String returns the kernel's name as labrun's flag has it.
func (k Kernel) String() string {
	switch k {
	case UserMode:
		return "usermode"
	case Complete:
		return "complete"
	}
	return fmt.Sprintf("kernel %d", int(k))
}

// ErrNotInstalled is in the error of Run and of Kernel.Installed where the
// machine has no such test kernel.
var ErrNotInstalled = errors.New("no test kernel on this machine")

// Installed returns nil where this machine has the kernel and what boots it,
// else an error that says how to get it. The complete kernel wants this program
// static, too.
func (k Kernel) Installed() error {
	_, err := k.locate()
	return err
}

// installation is where the parts of a test kernel lie.
type installation struct {
	Program string // Runs it: linux.uml or QEMU.
	Modules string // Folder of its modules; its release follows.

	Image   string // QEMU: the kernel.
	Release string // QEMU: its release.
	FileSrv string // QEMU: virtiofsd.
}

const (
	umlProgram  = "linux.uml"
	qemuProgram = "qemu-system-x86_64"
)

// Where the modules of User Mode Linux and of the host's own kernel lie; the
// kernel's release follows.
const (
	umlModules  = "/usr/lib/uml/modules"
	hostModules = "/lib/modules"
)

// completeRoots are the folders in which integration/install.sh unpacks
// Debian's kernel package, and where it is where someone has installed it.
var completeRoots = [...]string{"/var/cache/tandem/kernel", "/"}

// fileServers are virtiofsd as Debian 12 and its successors install it.
var fileServers = [...]string{"/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"}

// locate finds a test kernel.
func (k Kernel) locate() (installation, error) {
	switch k {
	case UserMode:
		program, err := exec.LookPath(umlProgram)
		if err != nil {
			return installation{}, fmt.Errorf("%w: apt-get install user-mode-linux", ErrNotInstalled)
		}
		return installation{Program: program, Modules: umlModules}, nil
	case Complete:
		return locateComplete()
	}
	return installation{}, fmt.Errorf("%w: there is no %s", ErrNotInstalled, k)
}

func locateComplete() (in installation, err error) {
	if in.Program, err = exec.LookPath(qemuProgram); err != nil {
		return in, fmt.Errorf("%w: integration/install.sh test, or apt-get install qemu-system-x86", ErrNotInstalled)
	}
	for _, path := range fileServers {
		if _, err := os.Stat(path); err == nil {
			in.FileSrv = path
			break
		}
	}
	if in.FileSrv == "" {
		return in, fmt.Errorf("%w: apt-get install virtiofsd", ErrNotInstalled)
	}
	if err := static(); err != nil {
		return in, err
	}
	for _, root := range completeRoots {
		// Glob sorts; of several releases the last will do. A pattern without
		// fault is never refused.
		images, _ := filepath.Glob(filepath.Join(root, "boot/vmlinuz-*-cloud-amd64"))
		for _, image := range images {
			release := strings.TrimPrefix(filepath.Base(image), "vmlinuz-")
			modules := filepath.Join(root, hostModules)
			if _, err := os.Stat(filepath.Join(modules, release, "modules.dep")); err == nil {
				in.Image, in.Release, in.Modules = image, release, modules
			}
		}
		if in.Image != "" {
			return in, nil
		}
	}
	return in, fmt.Errorf("%w: integration/install.sh test unpacks Debian's linux-image-cloud-amd64 below %s",
		ErrNotInstalled, completeRoots[0])
}
