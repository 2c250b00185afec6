package traffic

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/packet"

	"github.com/tandem-ha/tandem/integration/lab"
)

// etherTypeARP is ETH_P_ARP of linux/if_ether.h.
const etherTypeARP = 0x0806

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
	vip   netip.Addr
	who   func(net.HardwareAddr) lab.Director
	conn  *packet.Conn
	stop  context.CancelFunc
	done  sync.WaitGroup
	mu    sync.Mutex
	heard Heard // Guarded by mu.
}

// Heard is what a Watch collected, in order of time.
type Heard struct {
	Claims    []Claim // Answers to its own requests.
	Announced []Claim // Gratuitous ARP: nobody had asked.
}

// StartWatch asks for the VIP on a link of the host every interval. The function
// who names the owner of a hardware address.
func StartWatch(ctx context.Context, h Host, link string, vip netip.Addr, who func(net.HardwareAddr) lab.Director, every time.Duration) (*Watch, error) {
	w := &Watch{vip: vip, who: who}
	var own net.HardwareAddr
	err := h.Do(func() error {
		ifi, err := net.InterfaceByName(link)
		if err != nil {
			return err
		}
		own = ifi.HardwareAddr
		w.conn, err = packet.Listen(ifi, packet.Datagram, etherTypeARP, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s on %s: %w", vip, link, err)
	}
	question, err := arp.NewPacket(arp.OperationRequest, own, netip.IPv4Unspecified(), make(net.HardwareAddr, 6), vip)
	if err != nil {
		w.conn.Close()
		return nil, fmt.Errorf("ask for %s: %w", vip, err)
	}
	frame, _ := question.MarshalBinary() // Documented never to fail.
	ctx, w.stop = context.WithCancel(ctx)
	w.done.Go(func() { w.ask(ctx, frame, every) })
	w.done.Go(w.listen)
	return w, nil
}

// Stop ends the watch and returns what it heard.
func (w *Watch) Stop() Heard {
	w.stop()
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard
}

// Owners returns who has answered since a time.
func (w *Watch) Owners(since time.Time) Owners {
	w.mu.Lock()
	defer w.mu.Unlock()
	var o Owners
	for i := len(w.heard.Claims) - 1; i >= 0 && !w.heard.Claims[i].At.Before(since); i-- {
		o |= NewOwners(w.heard.Claims[i].By)
	}
	return o
}

func (w *Watch) ask(ctx context.Context, frame []byte, every time.Duration) {
	defer w.conn.Close() // Ends the listener.
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	everybody := &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	for {
		_, _ = w.conn.WriteTo(frame, everybody) // A lost question is a lost answer.
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (w *Watch) listen() {
	buf := make([]byte, 128)
	for {
		n, _, err := w.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		now := time.Now()
		var p arp.Packet
		if p.UnmarshalBinary(buf[:n]) != nil || p.SenderIP != w.vip {
			continue
		}
		c := Claim{At: now, By: w.who(p.SenderHardwareAddr)}
		w.mu.Lock()
		// RFC 5227 section 3: an announcement has the address as its target too.
		if p.TargetIP == w.vip {
			w.heard.Announced = append(w.heard.Announced, c)
		} else if p.Operation == arp.OperationReply {
			w.heard.Claims = append(w.heard.Claims, c)
		}
		w.mu.Unlock()
	}
}
