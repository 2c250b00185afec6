package link

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Network is the real vrrp.Network: raw sockets, one for each protocol and
// family that an interface needs, opened when the interface appears and again
// when it comes back as another one.
type Network struct {
	log     *slog.Logger
	frames  chan vrrp.Frame
	dropped atomic.Uint64
	again   signal // the wishes changed, or a socket failed
	outbox  outbox

	mu      sync.Mutex // guards the following fields
	want    map[string]hearing
	round   int // counts calls of Listen
	sockets map[ear]*socket
	tell    func(vrrp.Hearing)
	told    map[string]vrrp.Hearing
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
		sockets: make(map[ear]*socket),
	}
}

// Frames is where heard messages arrive. It is never closed.
func (n *Network) Frames() <-chan vrrp.Frame { return n.frames }

// Dropped is how many frames were thrown away because nobody read Frames.
func (n *Network) Dropped() uint64 { return n.dropped.Load() }

// Listen sets which interface hears what, and whom to tell of it. An interface
// with several wishes hears what any of them wants.
func (n *Network) Listen(want []vrrp.Listen, tell func(vrrp.Hearing)) {
	n.mu.Lock()
	n.want, n.tell, n.told = hearings(want), tell, make(map[string]vrrp.Hearing)
	n.round++
	n.mu.Unlock()
	n.again.set()
}

// errReplaced says that a socket is on an interface that is there no more.
var errReplaced = errors.New("another interface has its name now")

// Run opens and closes sockets as wanted until the context ends, then closes
// them all.
func (n *Network) Run(ctx context.Context) error {
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()

	pass := &networkPass{network: n, kernel: k, said: make(map[string]string)}
	defer pass.receivers.Wait()
	defer n.drop(func(*socket) bool { return true })
	changes := newEvents(n.log, unix.RTNLGRP_LINK)
	pass.receivers.Go(func() { changes.run(ctx) })

	var pace pace
	for ctx.Err() == nil {
		began := time.Now()
		met := pass.reconcile()
		pace.passed(began, time.Now(), false)
		pace.wait(ctx, n.again, changes.poke, !met)
	}
	return nil
}

// networkPass is what the goroutine of Run needs to make the sockets match
// the wishes and the interfaces there are.
type networkPass struct {
	network   *Network
	kernel    *kernel
	receivers sync.WaitGroup
	round     int               // whose wishes these are
	said      map[string]string // what was last said about an interface
}

// reconcile returns whether every wish is met. No system call that could wait
// for somebody is made with the mutex held: adverts must go out meanwhile.
func (p *networkPass) reconcile() bool {
	n := p.network
	n.mu.Lock()
	want := n.want
	p.round = n.round
	n.mu.Unlock()

	wanted := make(map[ear]bool)
	for _, h := range want {
		for e := range h.ears {
			wanted[e] = true
		}
	}
	n.drop(func(s *socket) bool { return !wanted[s.ear] })
	maps.DeleteFunc(p.said, func(name string, _ string) bool { _, ok := want[name]; return !ok })
	met := true
	for _, name := range slices.Sorted(maps.Keys(want)) {
		err := p.listen(want[name])
		met = met && err == nil
		p.note(name, err)
	}
	return met
}

// listen sees to it that an interface has the sockets it shall have.
func (p *networkPass) listen(h hearing) error {
	var deaf, deaf6 error
	failed := func(k kind, err error) {
		if err != nil && k != overIPv6 {
			deaf = err
		}
		if err != nil && (k == overIPv6 || k == forFrames) {
			deaf6 = err
		}
	}
	base, unknown := p.kernel.device(h.iface)
	for e, groups := range h.ears {
		if e.dev == h.iface {
			failed(e.kind, p.open(h.iface, e, base, unknown, groups))
		}
	}
	for e, groups := range h.ears {
		if e.dev == h.iface {
			continue
		}
		// Its macvlan is there when it is there; adverts that it does not take
		// away are heard on the interface.
		dev, unknown := p.kernel.device(e.dev)
		if err := p.open(h.iface, e, dev, unknown, groups); !errors.Is(err, errNoLink) {
			failed(e.kind, err)
		}
	}
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	if p.round == p.network.round {
		p.network.report(h.iface, deaf, deaf6)
	}
	if deaf == deaf6 {
		return deaf
	}
	return errors.Join(deaf, deaf6)
}

// open opens a socket unless it is open, and joins the groups. The interface
// it is bound to may be unknown, for the given reason.
func (p *networkPass) open(iface string, e ear, dev device, unknown error, groups []netip.Addr) error {
	n := p.network
	n.mu.Lock()
	old := n.sockets[e]
	n.mu.Unlock()
	if old != nil && (unknown != nil || old.index != dev.index) {
		// The interface is gone or another one now has its name.
		n.drop(func(s *socket) bool { return s == old })
		old = nil
		if unknown == nil && iface == e.dev {
			n.mu.Lock()
			n.report(iface, errReplaced, errReplaced) // and perhaps adverts were missed on it
			n.mu.Unlock()
		}
	}
	if unknown != nil {
		return unknown
	}
	if old != nil {
		return old.join(groups)
	}
	s, err := openSocket(e, dev.index)
	if err != nil {
		return err
	}
	if err := s.join(groups); err != nil {
		s.close()
		return err
	}
	n.mu.Lock()
	n.sockets[e] = s
	n.mu.Unlock()
	if e.kind != forFrames {
		p.receivers.Go(func() { n.receive(iface, s) })
	}
	return nil
}

// report tells whether an interface is heard, if that is new and still asked
// for. The caller holds the mutex, so that the last word is the truth.
func (n *Network) report(iface string, deaf, deaf6 error) {
	h, wanted := n.want[iface]
	if !wanted {
		return
	}
	word := vrrp.Hearing{Interface: iface}
	for e := range h.ears {
		switch {
		case deaf6 != nil && e.kind == overIPv6:
			word.Deaf6 = deaf6.Error()
		case deaf != nil && (e.kind == overIPv4 || e.kind == inAH):
			word.Deaf = deaf.Error()
		}
	}
	if was, told := n.told[iface]; !told || was != word {
		n.told[iface] = word
		n.tell(word)
	}
}

// receive reads one socket until it is closed. One that fails is given up and
// opened again.
func (n *Network) receive(iface string, s *socket) {
	err := s.receive(iface, n.deliver)
	if !n.drop(func(x *socket) bool { return x == s }) {
		return // it was closed on purpose
	}
	n.log.Warn("the socket for adverts failed and is opened again", "interface", s.dev, "error", err)
	n.mu.Lock()
	n.report(iface, err, err)
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

// drop closes sockets and says whether there were any. Leaving a group can
// wait for other users of the network configuration.
func (n *Network) drop(which func(*socket) bool) bool {
	var gone []*socket
	n.mu.Lock()
	for e, s := range n.sockets {
		if which(s) {
			gone = append(gone, s)
			delete(n.sockets, e)
		}
	}
	n.mu.Unlock()
	for _, s := range gone {
		s.close()
	}
	return len(gone) > 0
}

// note logs a problem once, and its end.
func (p *networkPass) note(name string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if p.said[name] == text {
		return
	}
	p.said[name] = text
	log := p.network.log
	switch {
	case err == nil:
		log.Info("adverts are heard again", "interface", name)
	case errors.Is(err, errNoLink):
		log.Warn("cannot hear adverts: the interface does not exist; waiting for it to appear", "interface", name)
	case errors.Is(err, unix.EPERM):
		log.Error("cannot hear adverts: run as root or with CAP_NET_RAW", "interface", name, "error", err)
	default:
		log.Error("cannot hear adverts; trying again every second", "interface", name, "error", err)
	}
}
