package kernel

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// Timeouts are the connection timeouts of this namespace.
func (k *Kernel) Timeouts(ctx context.Context) (t ipvs.Timeouts, err error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return t, err
	}
	defer end()
	k.conn.seq++
	seq := k.conn.seq
	msg := appendMessage(nil, k.family, unix.NLM_F_ACK, seq, cmdGetConfig, version, nil)
	err = k.conn.exchange(ctx, msg, func(a answer) (bool, error) {
		switch {
		case a.seq != seq:
			return false, nil
		case a.typ == unix.NLMSG_ERROR:
			return true, translate(cmdGetConfig, a.errno())
		case a.typ == k.family:
			var err error
			t, err = parseTimeouts(a.body)
			return false, err
		}
		return false, nil
	})
	if err != nil {
		return t, fmt.Errorf("read the IPVS timeouts: %w", err)
	}
	return t, nil
}

// SetTimeouts sets those that are not zero.
func (k *Kernel) SetTimeouts(ctx context.Context, t ipvs.Timeouts) error {
	err := k.request(ctx, cmdSetConfig, func(b []byte) []byte {
		// The kernel leaves alone what is 0 (ip_vs_set_timeout).
		b = appendU32(b, attrTimeoutTCP, uint32(t.TCP/time.Second))
		b = appendU32(b, attrTimeoutTCPFin, uint32(t.TCPFin/time.Second))
		return appendU32(b, attrTimeoutUDP, uint32(t.UDP/time.Second))
	})
	if err != nil {
		return fmt.Errorf("set the IPVS timeouts: %w", err)
	}
	return nil
}

func parseTimeouts(body []byte) (t ipvs.Timeouts, err error) {
	if len(body) < genlHeader {
		return t, errMalformed
	}
	for typ, v := range attributes(body[genlHeader:], &err) {
		switch d := time.Duration(v.u32()) * time.Second; typ {
		case attrTimeoutTCP:
			t.TCP = d
		case attrTimeoutTCPFin:
			t.TCPFin = d
		case attrTimeoutUDP:
			t.UDP = d
		}
	}
	return t, err
}
