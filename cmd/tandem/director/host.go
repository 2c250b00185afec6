package director

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrHost means that this host, or this user on it, cannot run a director;
// the configuration is not at fault.
var ErrHost = errors.New("this host cannot run tandem")

// privileges checks for the capabilities that a director needs.
func privileges() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	needs := []struct {
		capability uint
		name       string
	}{{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {unix.CAP_NET_RAW, "CAP_NET_RAW"}}
	for _, need := range needs {
		if data[0].Effective&(1<<need.capability) == 0 {
			return fmt.Errorf("%w: it needs %s to move addresses and to speak VRRP; run it as root", ErrHost, need.name)
		}
	}
	return nil
}

// lockRunDir makes the run directory and takes its lock for the life of the
// process, so that two directors cannot both own what it records. The lock
// goes with the process, kill -9 included.
func lockRunDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("%w: make run directory: %w; --run-dir names another", ErrHost, err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: open lock: %w", ErrHost, err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("%w: another tandem runs with the run directory %s; --run-dir names another", ErrHost, dir)
	}
	return lock, nil
}

// ClaimNamespace makes this director the only tandem of its network namespace,
// whatever its run directory: two would take each other's addresses away.
// Abstract sockets belong to the namespace, and go with the process (unix(7)).
func ClaimNamespace() (net.Listener, error) {
	claim, err := net.Listen("unix", "@tandem-director")
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, fmt.Errorf("%w: another tandem runs in this network namespace; stop it first", ErrHost)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: claim the network namespace: %w", ErrHost, err)
	}
	return claim, nil
}
