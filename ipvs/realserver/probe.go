package realserver

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/ndp"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// How the network is asked: a question again in case the first was lost, and
// time to answer for a host that is busy.
const (
	questions = 2
	patience  = 500 * time.Millisecond // After each question.
)

// ask asks on every interface with neighbours who has the VIPs.
func (f *Facts) ask(ctx context.Context, vips []netip.Addr) {
	var mu sync.Mutex // Guards f.
	var all sync.WaitGroup
	for _, l := range f.neighbourly() {
		if l.MAC == "" {
			continue
		}
		f.Probed = append(f.Probed, l.Name)
		for _, vip := range vips {
			all.Go(func() {
				macs, err := whoHas(ctx, l, vip)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					f.Unasked = append(f.Unasked, vip.String()+" on "+l.Name+": "+err.Error())
				}
				for _, mac := range macs {
					f.Answers = append(f.Answers, Answer{VIP: vip, Device: l.Name, MAC: mac})
				}
			})
		}
	}
	all.Wait()
	slices.SortFunc(f.Answers, func(a, b Answer) int {
		return bytes.Compare([]byte(a.VIP.String()+a.Device+a.MAC), []byte(b.VIP.String()+b.Device+b.MAC))
	})
	slices.Sort(f.Unasked)
}

// conversation is a way to ask who has an address. hear returns the hardware
// address of who claims it, "" for what is no answer.
type conversation struct {
	close       func() error
	setDeadline func(time.Time) error
	ask         func() error
	hear        func() (string, error)
}

// whoHas returns the hardware addresses of all who claim an address.
func whoHas(ctx context.Context, l Link, vip netip.Addr) ([]string, error) {
	open := askARP
	if vip.Is6() {
		open = askNDP
	}
	c, err := open(l, vip)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var macs []string
	for range questions {
		if err := errors.Join(ctx.Err(), c.setDeadline(time.Now().Add(patience))); err != nil {
			return macs, err
		}
		if err := c.ask(); err != nil {
			return macs, err
		}
		for {
			mac, err := c.hear()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return macs, err
			}
			if mac != "" && !slices.Contains(macs, mac) {
				macs = append(macs, mac)
			}
		}
	}
	slices.Sort(macs)
	return macs, nil
}

// askARP asks without an address of its own (RFC 5227 section 2.1.1, a probe):
// nobody's table learns anything from the question.
func askARP(l Link, vip netip.Addr) (*conversation, error) {
	device, mac, err := interfaceOf(l)
	if err != nil {
		return nil, err
	}
	conn, err := packet.Listen(device, packet.Datagram, unix.ETH_P_ARP, nil)
	if err != nil {
		return nil, err
	}
	question, err := arp.NewPacket(arp.OperationRequest, mac, netip.IPv4Unspecified(), make(net.HardwareAddr, 6), vip)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	frame, err := question.MarshalBinary()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	everybody := &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	return &conversation{
		close:       conn.Close,
		setDeadline: conn.SetDeadline,
		ask: func() error {
			_, err := conn.WriteTo(frame, everybody)
			return err
		},
		hear: func() (string, error) {
			b := make([]byte, 128)
			n, _, err := conn.ReadFrom(b)
			if err != nil {
				return "", err
			}
			var answer arp.Packet
			if answer.UnmarshalBinary(b[:n]) != nil || answer.Operation != arp.OperationReply || answer.SenderIP != vip {
				return "", nil
			}
			return answer.SenderHardwareAddr.String(), nil
		},
	}, nil
}

// askNDP asks from the interface's link-local address (RFC 4861 section 4.3).
func askNDP(l Link, vip netip.Addr) (*conversation, error) {
	device, mac, err := interfaceOf(l)
	if err != nil {
		return nil, err
	}
	conn, _, err := ndp.Listen(device, ndp.LinkLocal)
	if err != nil {
		return nil, err
	}
	group, err := ndp.SolicitedNodeMulticast(vip)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	question := &ndp.NeighborSolicitation{
		TargetAddress: vip,
		Options:       []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Source, Addr: mac}},
	}
	return &conversation{
		close:       conn.Close,
		setDeadline: conn.SetDeadline,
		ask:         func() error { return conn.WriteTo(question, nil, group.WithZone(l.Name)) },
		hear: func() (string, error) {
			message, _, _, err := conn.ReadFrom()
			if err != nil {
				return "", err
			}
			answer, is := message.(*ndp.NeighborAdvertisement)
			if !is || answer.TargetAddress != vip {
				return "", nil
			}
			for _, o := range answer.Options {
				if a, is := o.(*ndp.LinkLayerAddress); is {
					return a.Addr.String(), nil
				}
			}
			return "", nil
		},
	}, nil
}

func interfaceOf(l Link) (*net.Interface, net.HardwareAddr, error) {
	device, err := net.InterfaceByName(l.Name)
	if err != nil {
		return nil, nil, err
	}
	return device, device.HardwareAddr, nil
}
