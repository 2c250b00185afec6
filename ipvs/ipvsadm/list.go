package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// list is --list in all its views.
func (s *session) list(ctx context.Context, r request) *refusal {
	switch given := r.given; {
	case given.has(optConnection):
		return s.connections(ctx, given)
	case given.has(optTimeout):
		return s.timeouts(ctx)
	case given.has(optDaemon):
		return s.daemons(ctx)
	}
	b, err := s.table(ctx, r)
	s.write(b)
	return err
}

// chunk is how much is printed at once. Fresh memory is what a large listing
// costs most on a small machine.
const chunk = 32 << 10

// table is the listing of the whole table or of one service. It prints
// what is long, unless it is watched, and returns the rest.
func (s *session) table(ctx context.Context, r request) ([]byte, *refusal) {
	k, bad := s.kernel(ctx)
	if bad != nil {
		return nil, bad
	}
	p := page{view: view{printer{s.names, r.given.has(optNumeric)}, r.given}, b: s.out[:0]}
	if !r.given.has(optWatch) {
		p.print = s.write
	}
	var err error
	if r.given&services != 0 {
		err = p.one(ctx, k, r.service.Key)
		if errors.Is(err, ipvs.ErrNotExist) {
			return nil, refuse(statusList, "No such service: %s; -Ln lists those that are there", r.service.Key).stop()
		}
	} else {
		err = p.all(ctx, k)
	}
	if err != nil {
		return nil, failure(statusList, err).stop()
	}
	s.out = p.b
	return p.b, nil
}

// page is a listing while it is made.
type page struct {
	view
	b     []byte
	print func([]byte) // what is long already; nil: it is kept
	space []kernel.Real
}

// one lists one service.
func (p *page) one(ctx context.Context, k *kernel.Kernel, key ipvs.Key) error {
	l, err := k.Look(ctx, key)
	if err != nil {
		return err
	}
	p.begin(nil)
	return p.take(&l)
}

// all lists the whole table.
func (p *page) all(ctx context.Context, k *kernel.Kernel) error {
	info, err := k.Info(ctx)
	if err != nil {
		return err
	}
	v := info.Version
	p.b = fmt.Appendf(p.b, "IP Virtual Server version %d.%d.%d (size=%d)\n", v[0], v[1], v[2], info.Size)
	if p.given&set(optStats, optRate, optThresholds, optPersistentConn) != 0 {
		return k.Walk(ctx, p.begin, p.take)
	}
	list, err := k.Brief(ctx) // which has all that the other views show
	if err != nil {
		return err
	}
	p.begin(list)
	for i := range list {
		if err := p.take(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// begin puts the services in order and adds the header.
func (p *page) begin(list []kernel.Listed) {
	if !p.given.has(optNoSort) {
		sortServices(list)
	}
	p.b = p.header(p.b)
}

// take adds one service.
func (p *page) take(l *kernel.Listed) error {
	if !p.given.has(optNoSort) {
		p.space = sortServers(l.Servers, p.space)
	}
	p.b = p.entry(p.b, l)
	if len(p.b) > chunk && p.print != nil {
		p.print(p.b)
		p.b = p.b[:0]
	}
	return nil
}

// view is which columns a listing has. One hides the other in this order:
// --stats, --rate, --thresholds, --persistent-conn, --tun-info.
type view struct {
	printer
	given options
}

func (v view) header(b []byte) []byte {
	const second = "  -> RemoteAddress:Port"
	switch {
	case v.given.has(optStats):
		b = append(b, "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"+second...)
	case v.given.has(optRate):
		b = append(b, "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"+second...)
	case v.given.has(optThresholds):
		b = append(b, "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"+second...)
	case v.given.has(optPersistentConn):
		b = append(b, "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"+second...)
	case v.given.has(optTunInfo):
		b = append(b, "Prot LocalAddress:Port Scheduler Flags\n"+second+"           Forward TunnelInfo    Weight ActiveConn InActConn"...)
	default:
		b = append(b, "Prot LocalAddress:Port Scheduler Flags\n"+second+"           Forward Weight ActiveConn InActConn"...)
	}
	return append(b, '\n')
}

// entry is a service and its servers.
func (v view) entry(b []byte, l *kernel.Listed) []byte {
	start := len(b)
	b = v.service(b, &l.Virtual)
	if v.given&set(optStats, optRate) != 0 {
		b = fill(b, statsWidth-(len(b)-start))
		b = v.counters(b, l.Stats)
	} else {
		b = append(b, ' ')
		b = append(b, l.Scheduler...)
		b = serviceFlags(b, &l.Virtual)
	}
	b = append(b, '\n')
	for i := range l.Servers {
		b = v.server(b, &l.Servers[i], l.Key)
	}
	return b
}

// service is what a line begins with: protocol and address.
func (v view) service(b []byte, s *kernel.Virtual) []byte {
	if s.Key.FWMark != 0 {
		return appendMark(append(b, "FWM  "...), s.Key, " IPv6")
	}
	return v.name(left(b, s.Key.Protocol.String(), 5), s.Key.Addr, s.Key.Protocol)
}

// appendMark appends a firewall mark, which the original takes for signed.
func appendMark(b []byte, k ipvs.Key, six string) []byte {
	b = strconv.AppendInt(b, int64(int32(k.FWMark)), 10)
	if k.Family == ipvs.IPv6 {
		b = append(b, six...)
	}
	return b
}

// server is the line of one server.
func (v view) server(b []byte, r *kernel.Real, key ipvs.Key) []byte {
	b = append(b, "  -> "...)
	start := len(b)
	b = v.name(b, r.Server, key.Protocol)
	b = fill(b, nameWidth-(len(b)-start))
	switch {
	case v.given&set(optStats, optRate) != 0:
		b = v.counters(b, r.Stats)
		return append(b, '\n')
	case v.given.has(optThresholds):
		b = append(leftNumber(append(b, ' '), uint64(r.Upper), 10), ' ')
		b = append(leftNumber(b, uint64(r.Lower), 10), ' ')
	case v.given.has(optPersistentConn):
		b = append(leftNumber(append(b, ' '), uint64(r.Weight), 9), ' ')
		b = append(leftNumber(b, uint64(r.Persistent), 11), ' ')
	default:
		b = append(left(append(b, ' '), forwardName(r.Forwarding), 7), ' ')
		if v.given.has(optTunInfo) {
			b = append(left(b, tunnelInfo(r), 13), ' ')
		}
		b = append(leftNumber(b, uint64(r.Weight), 6), ' ')
	}
	b = append(leftNumber(b, uint64(r.Active), 10), ' ')
	b = leftNumber(b, uint64(r.Inactive), 10)
	return append(b, '\n')
}

// counters are the five columns of --stats or --rate.
func (v view) counters(b []byte, s ipvs.Stats) []byte {
	columns := [...]uint64{s.Connections, s.PacketsIn, s.PacketsOut, s.BytesIn, s.BytesOut}
	if r := s.Rates; !v.given.has(optStats) {
		columns = [...]uint64{r.Connections, r.PacketsIn, r.PacketsOut, r.BytesIn, r.BytesOut}
	}
	for _, n := range columns {
		b = counter(b, n, v.given.has(optExact))
	}
	return b
}
