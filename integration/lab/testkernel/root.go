package testkernel

import (
	"crypto/rand"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mountOverlay mounts an overlay, below it the host's files, above it a tmpfs,
// which is mounted at scratch, and returns where. The host's folders keep their
// paths, /tmp and the build cache with the test binary in it too.
func mountOverlay(lower, scratch string) (root string, err error) {
	if err := unix.Mount("tmpfs", scratch, "tmpfs", 0, ""); err != nil {
		return "", fmt.Errorf("mount a tmpfs for the overlay: %w", err)
	}
	upper, work, root := scratch+"/upper", scratch+"/work", scratch+"/root"
	for _, dir := range []string{upper, work, root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", fmt.Errorf("make a layer of the overlay: %w", err)
		}
	}
	layers := "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", root, "overlay", 0, layers); err != nil {
		return "", fmt.Errorf("mount the overlay: %w", err)
	}
	return root, nil
}

// mountSystem mounts what a running system has.
func mountSystem() error {
	for _, m := range []struct{ kind, at, data string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devtmpfs", "/dev", ""},
		{"devpts", "/dev/pts", "ptmxmode=0666,mode=0620"},
		{"tmpfs", "/dev/shm", "mode=1777"},
		{"tmpfs", "/run", "mode=0755"},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", m.at, err)
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return unix.Sethostname([]byte("testkernel"))
}

// loopbackUp brings lo up: without an IPv4 address the kernel refuses every
// real server (EINVAL).
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}

// entropyBytes fill a kernel random pool of 256 bits twice.
const entropyBytes = 64

// entropy takes random bytes of the host.
func entropy() []byte {
	b := make([]byte, entropyBytes)
	_, _ = rand.Read(b) // Never fails (crypto/rand).
	return b
}

// seedEntropy hands the host's random bytes to the guest's pool with full
// credit (random(4), RNDADDENTROPY); a failure costs a second of waiting at the
// first getrandom, nothing else.
func seedEntropy(seed []byte) {
	if len(seed) != entropyBytes {
		return
	}
	f, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	pool := struct {
		bits, size int32
		bytes      [entropyBytes]byte
	}{bits: 8 * entropyBytes, size: entropyBytes, bytes: [entropyBytes]byte(seed)}
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.RNDADDENTROPY, uintptr(unsafe.Pointer(&pool)))
}
