package vrrp

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// lan is a simulated network of routers in memory, for use in a synctest
// bubble. It writes down all that happens, with the time since its start.
type lan struct {
	t      *testing.T
	start  time.Time
	delay  time.Duration // of each message
	uptime time.Duration // of hosts that join
	nodes  []*node

	mu     sync.Mutex
	lost   map[[2]*node]bool // messages from the first to the second
	events []event           // in order
	wire   []Frame           // all that was delivered
}

// event is one thing that a node did.
type event struct {
	at   time.Duration
	node string
	kind string // send, want, announce, state
	text string
}

// node is one director on a lan: the router under test with an in-memory
// Network and Host.
type node struct {
	lan    *lan
	name   string
	addr   netip.Addr
	router *Router
	frames chan Frame
	logged *strings.Builder

	mu       sync.Mutex
	frozen   chan struct{} // closed on thaw; nil: not frozen
	deaf     bool          // messages that arrive while frozen are lost, as in a paused machine
	dead     bool
	sendErr  error
	present  map[string]bool // by instance
	listened []Listen
	tell     func(Hearing)
	rounds   int  // calls of Together
	together bool // in one
	notices  []Notice
	quiet    bool // Listen does not tell, as a network that has not got round to it
}

func newLAN(t *testing.T) *lan {
	return &lan{t: t, start: time.Now(), lost: make(map[[2]*node]bool)}
}

// bubble runs a test with time of its own.
func bubble(t *testing.T, name string, run func(t *testing.T, l *lan)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t, newLAN(t)) })
	})
}

// vi is an instance with a priority, as most tests need it.
func vi(priority uint8, change ...func(*Instance)) Config {
	in := testInstance()
	in.Priority = priority
	for _, c := range change {
		c(&in)
	}
	return Config{Instances: []Instance{in}}
}

// join starts a router with all its links up, prepared in some way before.
func (l *lan) join(name, addr string, cfg Config, prepare ...func(*Router)) *node {
	n := &node{
		lan: l, name: name, addr: netip.MustParseAddr(addr), frames: make(chan Frame, 256),
		present: make(map[string]bool), logged: new(strings.Builder),
	}
	n.router = NewRouter(cfg, n, n, slog.New(slog.NewTextHandler(n.logged, nil)))
	n.router.Uptime = l.uptime
	n.router.OnNotice = func(ev Notice) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.notices = append(n.notices, ev)
	}
	n.router.OnTransition = func(t Transition) {
		text := fmt.Sprintf("%s %s: %s", t.Instance, t.To, t.Reason)
		if t.Detail != "" {
			text += " " + t.Detail
		}
		n.note("state", text)
	}
	for _, p := range prepare {
		p(n.router)
	}
	l.nodes = append(l.nodes, n)
	for _, iface := range cfg.Interfaces() {
		n.link(iface, true)
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	go func() {
		if err := n.router.Run(ctx); err != nil {
			l.t.Errorf("%s: %v", name, err)
		}
	}()
	l.t.Cleanup(func() {
		n.thaw()
		cancel()
		synctest.Wait()
	})
	synctest.Wait()
	return n
}

// until sleeps up to a time since the start of the lan.
func (l *lan) until(at time.Duration) {
	time.Sleep(time.Until(l.start.Add(at)))
	synctest.Wait()
}

func (n *node) note(kind, text string) {
	l := n.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event{time.Since(l.start), n.name, kind, text})
}

// take returns the events of some kinds since it was called last, as lines.
func (l *lan) take(kinds ...string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for _, e := range l.events {
		if slices.Contains(kinds, e.kind) {
			lines = append(lines, fmt.Sprintf("%s %s %s", e.at, e.node, e.text))
		}
	}
	l.events = nil
	return lines
}

// expect compares the events of some kinds since the last call. What happens
// at the same time on two nodes has no order between them, so it is sorted.
func (l *lan) expect(kinds string, want ...string) {
	l.t.Helper()
	got := l.take(strings.Fields(kinds)...)
	byTime := func(a, b string) int { return strings.Compare(stamp(a), stamp(b)) }
	slices.SortStableFunc(got, byTime)
	slices.SortStableFunc(want, byTime)
	if !slices.Equal(got, want) {
		l.t.Errorf("%s:\n got:\n\t%s\nwant:\n\t%s", kinds, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// stamp makes "3.5s b ..." sortable by time, then node.
func stamp(line string) string {
	f := strings.Fields(line)
	at, _ := time.ParseDuration(f[0])
	return fmt.Sprintf("%020d %s", at, f[1])
}

// owners names the nodes that have the addresses of VI_1, the dead left out.
func (l *lan) owners() string {
	var names []string
	for _, n := range l.nodes {
		n.mu.Lock()
		if n.present["VI_1"] && !n.dead {
			names = append(names, n.name)
		}
		n.mu.Unlock()
	}
	return strings.Join(names, " ")
}

// drop loses, or no longer loses, the messages between two nodes one way.
func (l *lan) drop(from, to *node, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[[2]*node{from, to}] = on
}

// split cuts, or heals, the link between two nodes.
func (l *lan) split(a, b *node, on bool) {
	l.drop(a, b, on)
	l.drop(b, a, on)
}

// kill is power loss.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead = true
}

// freeze stops the process as SIGSTOP does, wherever it next looks at the
// network; deaf, the whole machine with its receive queue.
func (n *node) freeze(deaf bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen, n.deaf = make(chan struct{}), deaf
}

func (n *node) thaw() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.frozen != nil {
		close(n.frozen)
		n.frozen, n.deaf = nil, false
	}
}

func (n *node) link(name string, up bool) {
	n.setLink(name, func(st *LinkState) { st.Up = up })
}

// setLink tells of an interface that is up and has both addresses, but for a change.
func (n *node) setLink(name string, change func(*LinkState)) {
	st := LinkState{
		Name: name, Exists: true, Up: true, Primary: n.addr, Primary6: n.addr6(),
		Addresses: n.addr.String() + " " + n.addr6().String(),
	}
	change(&st)
	n.router.SetLink(st)
	synctest.Wait()
}

// addr6 is the link-local address of a node: fe80::5 beside 10.20.0.5.
func (n *node) addr6() netip.Addr {
	ip := netip.MustParseAddr("fe80::").As16()
	ip[15] = n.addr.As4()[3]
	return netip.AddrFrom16(ip)
}

// Frames is where a frozen process stands still.
func (n *node) Frames() <-chan Frame {
	n.mu.Lock()
	frozen := n.frozen
	n.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	return n.frames
}

func (n *node) Send(batch []Outgoing) []error {
	n.mu.Lock()
	dead, err := n.dead, n.sendErr
	n.mu.Unlock()
	errs := make([]error, len(batch))
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	if dead {
		return errs
	}
	for _, out := range batch {
		message := out.Payload
		if out.Header != nil {
			message, _, _ = advert.Unseal(out.Payload)
		}
		n.note("send", fmt.Sprintf("%d/%d", message[1], message[2]))
	}
	sent := slices.Clone(batch) // The caller uses it again.
	time.AfterFunc(n.lan.delay, func() {
		for _, out := range sent {
			n.lan.deliver(n, out)
		}
	})
	return errs
}

func (l *lan) deliver(from *node, out Outgoing) {
	for _, to := range l.nodes {
		if to == from || !out.Dst.IsMulticast() && out.Dst != to.addr && out.Dst != to.addr6() {
			continue
		}
		l.mu.Lock()
		lost := l.lost[[2]*node{from, to}]
		l.mu.Unlock()
		if !lost {
			f := Frame{Interface: out.Interface, Src: out.Src, Dst: out.Dst, TTL: 255, Payload: out.Payload, Header: out.Header, At: time.Now()}
			l.mu.Lock()
			l.wire = append(l.wire, f)
			l.mu.Unlock()
			to.hear(f)
		}
	}
}

func (n *node) hear(f Frame) {
	n.mu.Lock()
	gone := n.dead || n.frozen != nil && n.deaf
	n.mu.Unlock()
	if gone {
		return
	}
	select {
	case n.frames <- f:
	default: // The receive queue is full.
	}
}

func (n *node) Listen(want []Listen, tell func(Hearing)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listened, n.tell = want, tell
	if len(want) > 0 {
		var names []string
		for _, w := range want {
			names = append(names, w.Interface)
		}
		n.note("listen", strings.Join(names, " "))
	}
	for _, w := range want {
		if !n.quiet {
			tell(Hearing{Interface: w.Interface})
		}
	}
}

// hearing says that an interface can be heard, or why not.
func (n *node) hearing(iface, deaf string) {
	n.mu.Lock()
	tell := n.tell
	n.mu.Unlock()
	tell(Hearing{Interface: iface, Deaf: deaf})
	synctest.Wait()
}

func (n *node) Together(do func()) {
	n.rounds++
	n.together = true
	do()
	n.together = false
}

func (n *node) Want(instance string, w Wish) {
	iface, addrs, present := w.Interface, w.Addresses, w.Present
	n.mu.Lock()
	if !n.together {
		n.lan.t.Errorf("%s states a wish by itself", n.name)
	}
	n.present[instance] = present
	n.mu.Unlock()
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.Prefix.Addr().String()
	}
	n.note("want", fmt.Sprintf("%s %s %s %s", instance, iface, map[bool]string{true: "present", false: "absent"}[present], strings.Join(words, ",")))
}

func (n *node) Announce(instance string, repeat int) {
	n.note("announce", fmt.Sprintf("%s x%d", instance, repeat))
}

func (n *node) Forget(instance string) {
	n.mu.Lock()
	delete(n.present, instance)
	n.mu.Unlock()
	n.note("want", instance+" forgotten")
}

// bad is an advert of priority 200 with one byte wrong.
func bad(from netip.Addr) Frame {
	in := testInstance()
	payload, err := in.advert(200).Marshal(from, advert.Group4)
	if err != nil {
		panic(err)
	}
	payload[7]++
	return Frame{Interface: "eth0", Src: from, Dst: advert.Group4, TTL: 255, Payload: payload, At: time.Now()}
}

// errNoBuffers is what a full queue answers.
var errNoBuffers = syscall.ENOBUFS
