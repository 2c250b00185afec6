package conf

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/pool"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// defaultService is a virtual_server with nothing in it.
var defaultService = pool.Service{Quorum: 1}

// What a virtual server is without the keyword that says it.
const (
	defaultScheduler   = "wlc"
	defaultProtocol    = ipvs.UDP // keepalived's choice
	defaultPersistence = 360 * time.Second
)

// service is a virtual_server while it is read.
type service struct {
	pool.Service
	pos   syntax.Pos
	scope string // as messages call it
	met   seen   // its keywords

	// What it is known by: see servicekey.go. Key is complete once judged.
	group    syntax.Word // virtual_server group; no text: none
	byMark   bool        // virtual_server fwmark
	family   ipvs.Family // ip_family; 0: not set
	protocol ipvs.Protocol
	also     []ipvs.Key // further members of the group
	matches  []mark

	// What real servers and their checkers inherit.
	method      *method // lb_kind; nil: not set
	lost        bool    // lb_kind cannot be, and so nothing can
	weight      int32   // of real servers that set none
	virtualHost string
	timing      timing
	alpha       bool
	inhibit     bool

	servers []*server
	sorry   *method // sorry_server_lvs_method; nil: that of the service
	noSorry bool    // sorry_server_lvs_method cannot be, and so the server
	pool    snatPool
	masked  ipvs.Family // what persistence_granularity was written for
}

// readService reads a virtual_server, named by IP [PORT], fwmark N or group
// NAME. It is judged at the end of the file, which may define its group.
func readService(_ *none, l *loader, s *syntax.Statement) {
	v := &service{Service: defaultService, pos: s.Pos, weight: 1}
	if !v.header(l, s) {
		return
	}
	l.within(v.scope, func() {
		v.met = read(l, serviceBlock, v, s.Block)
		v.lost = l.unreadMethod(s) || v.method == nil && l.misspeltMethod(s) || v.lost
	})
	for _, r := range v.servers {
		weight := int(v.weight)
		set(&weight, r.weight)
		r.Dest.Weight = int32(weight)
	}
	l.services = append(l.services, v)
}

// server reads the address and port that a virtual, real or sorry server has.
// The port 0 stands for the one that is not given. A wrong port costs the whole
// server: without it the service would be another one.
func (l *loader) server(s *syntax.Statement) (netip.AddrPort, bool) {
	args := s.Args()
	if s.Keyword() == "virtual_server" && !l.shared(s.Keyword(), args[0]) {
		return netip.AddrPort{}, false
	}
	ip, ok := l.addr(s.Keyword(), args[0])
	if why := noHost(ip); ok && why != "" {
		l.errorf(args[0].Pos, "", "%s %s is ignored: %s", s.Keyword(), ip, why)
		return netip.AddrPort{}, false
	}
	if !ok || len(args) == 1 {
		return netip.AddrPortFrom(ip, 0), ok
	}
	n, ok := whole(args[1].Text, 0, math.MaxUint16)
	if !ok {
		l.errorf(args[1].Pos, hintFor(args[1].Text), "%s %s is ignored: the port %s is not a number from 1 to 65535", s.Keyword(), ip, quote(args[1].Text))
	}
	return netip.AddrPortFrom(ip, uint16(n)), ok
}

// serverName is the address and the port, where there is one.
func serverName(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.String()
}

// setMethod reads lb_kind, which real servers and the sorry server inherit.
func (v *service) setMethod(l *loader, s *syntax.Statement) {
	m, ok := l.method(s)
	v.method, v.lost = &m, v.lost || !ok
}

// setProtocol reads the protocol, the one value that keepalived takes in any
// case.
func (v *service) setProtocol(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	p, ok := protocols[strings.ToUpper(w.Text)]
	if !ok {
		l.invalid(s.Keyword(), w, "it takes TCP, UDP or SCTP")
		return
	}
	v.protocol = p
}

// protocols are those that IPVS balances.
var protocols = map[string]ipvs.Protocol{"TCP": ipvs.TCP, "UDP": ipvs.UDP, "SCTP": ipvs.SCTP}

// setQuorum reads the weight of healthy servers that the service needs. One
// that cannot be counts as 1 even below a good one, as in keepalived.
func (v *service) setQuorum(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	n, ok := whole(w.Text, 1, math.MaxInt32)
	if !ok {
		n = defaultService.Quorum
		l.errorf(w.Pos, hintFor(w.Text), "quorum %s is not a number from 1 to %d: %d is used", quote(w.Text), math.MaxInt32, n)
	}
	v.Quorum = n
}

// setSorry reads the server of last resort. Its port and its forwarding method
// are those of the service, which may stand below it.
func (v *service) setSorry(l *loader, s *syntax.Statement) {
	if a, ok := l.server(s); ok {
		v.Sorry = &pool.Sorry{Addr: a, Dest: ipvs.Destination{Weight: 1}}
	}
}

// setSorryMethod reads the forwarding method of the sorry server, which must
// stand above, as in keepalived.
func (v *service) setSorryMethod(l *loader, s *syntax.Statement) {
	if v.Sorry == nil {
		l.errorf(s.Pos, "write it below sorry_server", "%s is ignored: there is no sorry_server above it", s.Keyword())
	} else {
		m, ok := l.method(s)
		v.sorry, v.noSorry = &m, v.noSorry || !ok
	}
}

// setSorryInhibit keeps the sorry server in the table with weight 0.
func (v *service) setSorryInhibit(l *loader, s *syntax.Statement) {
	if v.Sorry == nil {
		l.errorf(s.Pos, "write it below sorry_server", "%s is ignored: there is no sorry_server above it", s.Keyword())
		return
	}
	v.Sorry.Inhibit = true
}

// result is the service as the director wants it. The key of a check is made
// of the service's name, the server, the kind, and its number among those of its
// kind, so that a reload finds it again and keeps its health.
func (v *service) result() Service {
	out := Service{Service: v.Service, Also: v.also}
	out.Servers = slices.Grow(out.Servers, len(v.servers))
	ordinals := make(map[healthcheck.Key]int)
	for _, r := range v.servers {
		for _, c := range r.checks {
			key := healthcheck.Key(fmt.Sprintf("%s %s %s", v.Name, r.Addr, c.Kind))
			ordinals[key]++
			key = healthcheck.Key(fmt.Sprintf("%s#%d", key, ordinals[key]-1))
			out.Checks = append(out.Checks, healthcheck.Check{Key: key, Spec: c})
			r.Checks = append(r.Checks, string(key))
		}
		out.Servers = append(out.Servers, r.Server)
	}
	out.Rules = v.rules()
	return out
}

// rules are what the service needs beside IPVS.
func (v *service) rules() rules.Service {
	out := rules.Service{Key: v.Key}
	out.Servers = slices.Grow(out.Servers, len(v.servers)+1)
	for _, m := range v.matches {
		out.Match = append(out.Match, m.Match)
	}
	add := func(a ipvs.Server, d ipvs.Destination, fullNAT bool) {
		out.Servers = append(out.Servers, rules.Backend{Addr: a.Addr(), Forwarding: d.Forwarding})
		if fullNAT {
			out.FullNAT = append(out.FullNAT, a)
		}
	}
	for _, r := range v.servers {
		add(r.Addr, r.Dest, r.FullNAT)
	}
	if v.Sorry != nil {
		add(v.Sorry.Addr, v.Sorry.Dest, v.Sorry.FullNAT)
	}
	if len(out.FullNAT) > 0 {
		for _, r := range v.pool.ranges {
			out.Sources = append(out.Sources, r.Range)
		}
	}
	return out
}
