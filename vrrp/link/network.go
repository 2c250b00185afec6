package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Network is the real vrrp.Network: one raw socket of protocol 112 per
// interface, opened when the interface appears and again when it comes back as
// another one.
type Network struct {
	log     *slog.Logger
	frames  chan vrrp.Frame
	dropped atomic.Uint64
	again   signal // the wishes changed, or a socket failed

	mu      sync.Mutex // guards the following fields
	want    map[string]bool
	sockets map[string]*socket
	tell    func(vrrp.Hearing)
	told    map[string]string // by interface: why it is not heard; empty: it is
}

// queue is how many frames may wait for the Router.
const queue = 4096

// NewNetwork returns a Network that hears nothing until Run runs and Listen
// has been called.
func NewNetwork(log *slog.Logger) *Network {
	return &Network{
		log:     log,
		frames:  make(chan vrrp.Frame, queue),
		again:   newSignal(),
		sockets: make(map[string]*socket),
	}
}

// Frames is where heard messages arrive. It is never closed.
func (n *Network) Frames() <-chan vrrp.Frame { return n.frames }

// Dropped is how many frames were thrown away because nobody read Frames.
func (n *Network) Dropped() uint64 { return n.dropped.Load() }

// Listen sets which interface hears what, and whom to tell of it. An interface
// with several wishes joins the multicast group if any of them wants multicast.
func (n *Network) Listen(want []vrrp.Listen, tell func(vrrp.Hearing)) {
	multicast := make(map[string]bool, len(want))
	for _, l := range want {
		multicast[l.Interface] = multicast[l.Interface] || !l.Unicast
	}
	n.mu.Lock()
	n.want, n.tell, n.told = multicast, tell, make(map[string]string)
	n.mu.Unlock()
	n.again.set()
}

// Send transmits the batch without blocking and returns an error per message.
func (n *Network) Send(batch []vrrp.Outgoing) []error {
	errs := make([]error, len(batch))
	for i, out := range batch {
		s := n.socket(out.Interface)
		if s == nil {
			errs[i] = fmt.Errorf("send an advert on %s: %w", out.Interface, errNotListening)
			continue
		}
		if err := s.send(out); err != nil {
			errs[i] = fmt.Errorf("send an advert from %s to %s on %s: %w", out.Src, out.Dst, out.Interface, err)
		}
	}
	return errs
}

// errNotListening says that an interface has no socket (now).
var errNotListening = errors.New("no socket is open there")

// errReplaced says that a socket is on an interface that is there no more.
var errReplaced = errors.New("another interface has its name now")

func (n *Network) socket(iface string) *socket {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sockets[iface]
}

// Run opens and closes sockets as wanted until the context ends, then closes
// them all.
func (n *Network) Run(ctx context.Context) error {
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()

	var receivers sync.WaitGroup
	defer receivers.Wait()
	defer n.closeAll()
	changes := newEvents(n.log, unix.RTNLGRP_LINK)
	receivers.Go(func() { changes.run(ctx) })

	said := make(map[string]string) // what was last said about an interface
	var pace pace
	for ctx.Err() == nil {
		met := n.reconcile(ctx, k, &receivers, said)
		pace.passed(time.Now(), false)
		pace.wait(ctx, n.again, changes.poke, !met)
	}
	return nil
}

// reconcile makes the sockets match the wishes and the interfaces there are.
// It returns whether every wish is met.
func (n *Network) reconcile(ctx context.Context, k *kernel, receivers *sync.WaitGroup, said map[string]string) bool {
	n.mu.Lock()
	want := n.want
	for name, s := range n.sockets {
		if _, ok := want[name]; !ok {
			n.drop(name, s)
		}
	}
	n.mu.Unlock()

	for name := range said {
		if _, ok := want[name]; !ok {
			delete(said, name)
		}
	}
	met := true
	for name, multicast := range want {
		err := n.listen(ctx, k, receivers, name, multicast)
		met = met && err == nil
		n.note(said, name, err)
	}
	return met
}

// report tells whether an interface is heard, if that is new and still asked
// for. The caller holds the mutex, so that the last word is the truth.
func (n *Network) report(name string, err error) {
	if _, wanted := n.want[name]; !wanted {
		return
	}
	h := vrrp.Hearing{Interface: name}
	if err != nil {
		h.Deaf = err.Error()
	}
	if was, told := n.told[name]; !told || was != h.Deaf {
		n.told[name] = h.Deaf
		n.tell(h)
	}
}

// listen sees to it that the interface has the socket it shall have.
func (n *Network) listen(ctx context.Context, k *kernel, receivers *sync.WaitGroup, name string, multicast bool) (err error) {
	dev, err := k.device(name)
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() { n.report(name, err) }()
	old := n.sockets[name]
	if err == nil && old != nil && old.index == dev.index && old.multicast == multicast {
		return nil
	}
	if old != nil {
		// The interface is gone or another one now has its name.
		n.drop(name, old)
		if err == nil && old.index != dev.index {
			n.report(name, errReplaced) // and perhaps adverts were missed on it
		}
	}
	if err != nil {
		return err
	}
	s, err := openSocket(ctx, dev.index, multicast)
	if err != nil {
		return err
	}
	n.sockets[name] = s
	receivers.Go(func() { n.receive(name, s) })
	return nil
}

// receive reads one socket until it is closed. One that fails is given up and
// opened again.
func (n *Network) receive(name string, s *socket) {
	err := s.receive(name, n.deliver)
	if errors.Is(err, net.ErrClosed) {
		return
	}
	n.log.Warn("the socket for adverts failed and is opened again", "interface", name, "error", err)
	n.mu.Lock()
	if n.sockets[name] == s {
		n.drop(name, s)
		n.report(name, err)
	}
	n.mu.Unlock()
	time.AfterFunc(retry, n.again.set)
}

// deliver never blocks: the receive loop must go on, and an advert that nobody
// took in time is worth less than the next one.
func (n *Network) deliver(f vrrp.Frame) {
	select {
	case n.frames <- f:
	default:
		n.dropped.Add(1)
	}
}

// drop closes a socket. The caller holds the mutex.
func (n *Network) drop(name string, s *socket) {
	s.close()
	delete(n.sockets, name)
}

func (n *Network) closeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, s := range n.sockets {
		n.drop(name, s)
	}
}

// note logs a problem once, and its end.
func (n *Network) note(said map[string]string, name string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if said[name] == text {
		return
	}
	said[name] = text
	switch {
	case err == nil:
		n.log.Info("adverts are heard again", "interface", name)
	case errors.Is(err, errNoLink):
		n.log.Warn("cannot hear adverts: the interface does not exist; waiting for it to appear", "interface", name)
	case errors.Is(err, unix.EPERM):
		n.log.Error("cannot hear adverts: run as root or with CAP_NET_RAW", "interface", name, "error", err)
	default:
		n.log.Error("cannot hear adverts; trying again every second", "interface", name, "error", err)
	}
}
