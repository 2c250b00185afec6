package ipvsadm

import (
	"context"
	"strconv"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// save is --save: the commands that make the table as it is. Thresholds are
// not among them, since the original leaves them out.
func (s *session) save(ctx context.Context, r request) *refusal {
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	list, err := k.Brief(ctx)
	if err != nil {
		return failure(statusList, err).stop()
	}
	sortServices(list)
	b := s.out[:0]
	var space []kernel.Real
	for i := range list {
		space = sortServers(list[i].Servers, space)
		b = appendCommands(b, &list[i], printer{s.names, r.given.has(optNumeric)})
		if len(b) > chunk {
			s.write(b)
			b = b[:0]
		}
	}
	s.out = b
	s.write(b)
	return nil
}

// appendCommands appends the commands of one service.
func appendCommands(b []byte, l *kernel.Listed, p printer) []byte {
	service := string(appendServiceOption(nil, l.Key, p))
	b = append(append(b, "-A "...), service...)
	b = append(append(b, " -s "...), l.Scheduler...)
	if l.Flags&ipvs.Persistent != 0 {
		b = strconv.AppendUint(append(b, " -p "...), uint64(l.Timeout), 10)
		b = appendMask(b, " -M ", &l.Virtual)
	}
	if l.PE != "" {
		b = append(append(b, " --pe "...), l.PE...)
	}
	if l.Flags&ipvs.OnePacket != 0 {
		b = append(b, " -o"...)
	}
	if l.Flags&(ipvs.Sched1|ipvs.Sched2|ipvs.Sched3) != 0 {
		b = append(append(b, " -b "...), flagList(&l.Virtual)...)
	}
	b = append(b, '\n')
	for i := range l.Servers {
		r := &l.Servers[i]
		b = append(append(b, "-a "...), service...)
		b = p.addrPort(append(b, " -r "...), r.Server, l.Key.Protocol)
		b = appendForwarding(b, r)
	}
	return b
}

// appendServiceOption appends the option that names a service.
func appendServiceOption(b []byte, k ipvs.Key, p printer) []byte {
	if k.FWMark != 0 {
		return appendMark(append(b, "-f "...), k, " -6")
	}
	switch k.Protocol {
	case ipvs.UDP:
		b = append(b, "-u "...)
	case ipvs.SCTP:
		b = append(b, "--sctp-service "...)
	default:
		b = append(b, "-t "...)
	}
	return p.addrPort(b, k.Addr, k.Protocol)
}

// appendForwarding appends the rest of the command for a server.
func appendForwarding(b []byte, r *kernel.Real) []byte {
	switch r.Forwarding {
	case ipvs.NAT:
		b = append(b, " -m"...)
	case ipvs.Tunnel:
		b = append(b, " -i"...)
	default:
		b = append(b, " -g"...)
	}
	b = strconv.AppendInt(append(b, " -w "...), int64(r.Weight), 10)
	if r.Forwarding == ipvs.Tunnel {
		t := r.Tunnel
		b = append(append(b, " --tun-type "...), t.Type.String()...)
		if t.Type == ipvs.GUE {
			b = strconv.AppendUint(append(b, " --tun-port "...), uint64(t.Port), 10)
		}
		switch {
		case t.Type == ipvs.IPIP:
		case t.Flags&ipvs.TunnelCsum != 0:
			b = append(b, " --tun-csum"...)
		case t.Flags&ipvs.TunnelRemcsum != 0:
			b = append(b, " --tun-remcsum"...)
		default:
			b = append(b, " --tun-nocsum"...)
		}
	}
	return append(b, '\n')
}
