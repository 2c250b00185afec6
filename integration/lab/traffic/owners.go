package traffic

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/arp"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Host is where a Watch asks from: a *lab.Host is one.
type Host interface {
	Do(fn func() error) error
}

// Watch asks a network by ARP who owns an address and collects every answer:
// the truth as a third host sees it, whatever the directors believe.
//
// It asks as RFC 5227 section 2.1.1 probes do, with no sender address, so that
// the question changes no ARP table of those who answer it.
type Watch struct {
	loop     *Loop
	vip      netip.Addr
	who      func(net.HardwareAddr) lab.Director
	fd       int
	question []byte
	everyone *unix.SockaddrLinklayer
	beat     *beat
	heard    Heard // Owned by the loop.
}

// Heard is what a Watch collected, in order of time.
type Heard struct {
	Asked     int
	Claims    []Claim // Answers to its own requests.
	Announced []Claim // Gratuitous ARP: nobody had asked.
}

// StartWatch asks for the VIP on a link of the host every interval. The function
// who names the owner of a hardware address.
func StartWatch(l *Loop, h Host, link string, vip netip.Addr, who func(net.HardwareAddr) lab.Director, every time.Duration) (*Watch, error) {
	w := &Watch{loop: l, vip: vip, who: who, fd: -1}
	err := h.Do(func() error { return w.open(link) })
	l.do(func() {
		if err == nil {
			err = l.add(w.fd, w)
		}
		if err != nil && w.fd >= 0 {
			l.drop(w.fd)
		}
		if err == nil {
			w.beat = l.repeat(every, w.ask)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s on %s: %w", vip, link, err)
	}
	return w, nil
}

// Stop ends the watch and returns what it heard.
func (w *Watch) Stop() Heard {
	w.loop.do(func() {
		w.loop.cancel(w.beat)
		w.loop.drop(w.fd)
	})
	return w.heard
}

// Owners returns who has answered since a time.
func (w *Watch) Owners(since time.Time) (o Owners) {
	w.loop.do(func() {
		for i := len(w.heard.Claims) - 1; i >= 0 && !w.heard.Claims[i].At.Before(since); i-- {
			o |= NewOwners(w.heard.Claims[i].By)
		}
	})
	return o
}

// open makes the socket and the question. It runs inside the host.
func (w *Watch) open(link string) error {
	ifi, err := net.InterfaceByName(link)
	if err != nil {
		return err
	}
	question, err := arp.NewPacket(arp.OperationRequest, ifi.HardwareAddr, netip.IPv4Unspecified(), make(net.HardwareAddr, 6), w.vip)
	if err != nil {
		return fmt.Errorf("ask by ARP: %w", err)
	}
	if w.question, err = question.MarshalBinary(); err != nil {
		return fmt.Errorf("ask by ARP: %w", err)
	}
	// packet(7): without a protocol nothing comes in before bind names the link.
	w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	const protocol = unix.ETH_P_ARP>>8 | unix.ETH_P_ARP<<8&0xff00 // In network order.
	w.everyone = &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: ifi.Index, Halen: 6}
	for i := range 6 {
		w.everyone.Addr[i] = 0xff
	}
	if err := unix.Bind(w.fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: ifi.Index}); err != nil {
		return fmt.Errorf("bind to %s: %w", link, err)
	}
	return nil
}

func (w *Watch) ask(time.Time) {
	w.heard.Asked++
	_ = unix.Sendto(w.fd, w.question, unix.MSG_DONTWAIT, w.everyone) // A lost question is a lost answer.
}

func (w *Watch) readable(now time.Time) {
	var b [128]byte
	n, err := unix.Read(w.fd, b[:])
	var p arp.Packet
	if err != nil || p.UnmarshalBinary(b[:n]) != nil || p.SenderIP != w.vip {
		return
	}
	c := Claim{At: now, By: w.who(p.SenderHardwareAddr)}
	switch {
	case p.TargetIP == w.vip: // RFC 5227 section 3: an announcement names the address twice.
		w.heard.Announced = append(w.heard.Announced, c)
	case p.Operation == arp.OperationReply:
		w.heard.Claims = append(w.heard.Claims, c)
	}
}
