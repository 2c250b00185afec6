package ipvsadm

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// timeouts is --list --timeout.
func (s *session) timeouts(ctx context.Context) *refusal {
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	t, err := k.Timeouts(ctx)
	if err != nil {
		return failure(statusList, err).stop()
	}
	s.write(fmt.Appendf(nil, "Timeout (tcp tcpfin udp): %d %d %d\n",
		t.TCP/time.Second, t.TCPFin/time.Second, t.UDP/time.Second))
	return nil
}

// daemons is --list --daemon, the master first.
func (s *session) daemons(ctx context.Context) *refusal {
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	daemons, err := k.Daemons(ctx)
	if err != nil {
		return failure(statusList, err).stop()
	}
	for _, d := range daemons {
		role := "master"
		if d.Role == ipvs.SyncBackup {
			role = "backup"
		}
		s.write(fmt.Appendf(nil, "%s sync daemon (mcast=%s, syncid=%d, maxlen=%d, group=%s, port=%d, ttl=%d)\n",
			role, d.Interface, d.SyncID, d.MaxLen, d.Group, d.Port, d.TTL))
	}
	return nil
}

// connectionWidth is the column of an address in a list of connections.
const connectionWidth = 18

// connections is --list --connection, in the kernel's order and while it is
// read: a busy director has millions.
func (s *session) connections(ctx context.Context, given options) *refusal {
	if _, bad := s.kernel(ctx); bad != nil {
		return bad
	}
	p := printer{s.names, given.has(optNumeric)}
	engines := given.has(optPersistentConn)
	b := append(s.out[:0], "IPVS connection entries\npro expire state       source             virtual            destination"...)
	if engines {
		b = append(b, "        pe name          pe_data"...)
	}
	b = append(b, '\n')
	err := kernel.Connections(ctx, func(c kernel.Connection) error {
		b = appendConnection(b, &c, p, engines)
		if len(b) < 64<<10 {
			return nil
		}
		s.write(b)
		b = b[:0]
		return s.failed
	})
	s.out = b
	s.write(b)
	if err != nil && s.failed == nil {
		return failure(statusList, err).stop()
	}
	return nil
}

func appendConnection(b []byte, c *kernel.Connection, p printer, engines bool) []byte {
	proto := map[string]ipvs.Protocol{"TCP": ipvs.TCP, "UDP": ipvs.UDP, "SCTP": ipvs.SCTP}[c.Protocol]
	b = append(left(b, c.Protocol, 3), ' ')
	start := len(b)
	b = appendTwo(b, int(c.Expires/time.Minute))
	b = append(b, ':')
	b = appendTwo(b, int(c.Expires%time.Minute/time.Second))
	b = append(fill(b, 6-(len(b)-start)), ' ')
	b = append(left(b, c.State, 11), ' ')
	b = append(column(b, p.addrPort(nil, c.Client, proto), connectionWidth), ' ')
	b = append(column(b, p.addrPort(nil, c.Virtual, proto), connectionWidth), ' ')
	to := p.addrPort(nil, c.Server, proto)
	if engines && c.PE != "" {
		b = append(column(b, to, 16), ' ') // Narrower than its header.
		b = append(left(b, c.PE, connectionWidth), ' ')
		b = append(b, c.PEData...)
	} else {
		b = append(b, to...)
	}
	return append(b, '\n')
}

// column appends text in a column of the width, or longer.
func column(b, text []byte, width int) []byte {
	return fill(append(b, text...), width-len(text))
}

// appendTwo appends a number of at least two digits.
func appendTwo(b []byte, n int) []byte {
	if n < 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(n), 10)
}
