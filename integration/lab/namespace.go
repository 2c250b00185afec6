package lab

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/vishvananda/netns"
)

// errGone is the error of a host that was destroyed.
var errGone = errors.New("the host is gone")

// namespace is a network namespace without a name. It lives by the descriptor
// here, and by the processes and sockets in it.
type namespace struct {
	fd   netns.NsHandle
	home netns.NsHandle // Where threads come back to.

	mu     sync.Mutex // guards all following fields.
	users  int        // Of the descriptors; they stay open until the last one is done.
	closed bool
}

// newNamespace makes an empty namespace.
func newNamespace() (*namespace, error) {
	home, err := netns.Get()
	if err != nil {
		return nil, fmt.Errorf("find the own namespace: %w", err)
	}
	n := &namespace{fd: netns.None(), home: home}
	err = n.onThread(func() (err error) {
		n.fd, err = netns.New() // Moves the thread there.
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unshare the network: %w", err), home.Close())
	}
	return n, nil
}

// onThread runs fn on a thread of its own and brings the thread home
// afterwards. A thread that cannot be brought home is left locked, so that the
// runtime ends it with its goroutine.
func (n *namespace) onThread(fn func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := fn()
		if netns.Set(n.home) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// do runs fn on a thread inside.
func (n *namespace) do(fn func() error) error {
	if err := n.hold(); err != nil {
		return err
	}
	defer n.release()
	return n.onThread(func() error {
		if err := netns.Set(n.fd); err != nil {
			return err
		}
		return fn()
	})
}

// hold keeps the descriptors open until release.
func (n *namespace) hold() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errGone
	}
	n.users++
	return nil
}

func (n *namespace) release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.users--
	if n.closed && n.users == 0 {
		_ = n.closeDescriptors() // Nobody is left to hear of it.
	}
}

// close lets the namespace go, now or with its last user.
func (n *namespace) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	if n.users > 0 {
		return nil
	}
	return n.closeDescriptors()
}

func (n *namespace) closeDescriptors() error {
	return errors.Join(n.fd.Close(), n.home.Close())
}
