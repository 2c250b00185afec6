package ipvsadm

import (
	"math/bits"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// finish checks the whole when all options are read, and fills in what they
// leave open.
func (p *parser) finish(words []string) *refusal {
	r := &p.request
	if r.command == setTimeouts {
		if len(words) < 3 {
			return refuse(statusUsage, "--set option requires 3 timeout values: TCP, TCP after FIN, and UDP, in seconds; 0 leaves one as it is")
		}
		if err := p.timeouts(words[:3]); err != nil {
			return err
		}
		words = words[3:]
	}
	if len(words) > 0 {
		return refuse(statusUsage, "unexpected argument %s", words[0])
	}
	if err := p.allowed(); err != nil {
		return err
	}
	switch r.command {
	case addService, editService:
		return p.checkService()
	case addServer, editServer:
		return p.checkServer()
	case listTable:
		return p.checkList()
	}
	return nil
}

// timeouts reads the three values of --set.
func (p *parser) timeouts(words []string) *refusal {
	t := &p.request.timeouts
	for i, d := range []*time.Duration{&t.TCP, &t.TCPFin, &t.UDP} {
		n, ok := number(words[i], 0, maxSeconds)
		if !ok {
			return refuse(statusUsage, "invalid timeout value `%s' specified: 0 to %d seconds", words[i], maxSeconds)
		}
		*d = time.Duration(n) * time.Second
	}
	return nil
}

// allowed checks which options the command has and lacks.
func (p *parser) allowed() *refusal {
	r := &p.request
	if extra := r.given &^ (allowed[r.command] | always); extra != 0 {
		return refuse(statusUsage, "Illegal '%s' option with the '%s' command", first(extra), r.command)
	}
	need := options(0)
	if int(r.command) < len(needs) {
		need = needs[r.command]
	}
	if need&services != 0 && r.given&services == 0 {
		return refuse(statusUsage, "You need to supply the 'service-address' option for the '%s' command", r.command)
	}
	if lacks := need &^ services &^ r.given; lacks != 0 {
		return refuse(statusUsage, "You need to supply the '%s' option for the '%s' command", first(lacks), r.command)
	}
	return nil
}

// first is one option of a set.
func first(s options) option { return option(bits.TrailingZeros64(uint64(s))) }

func (p *parser) checkService() *refusal {
	v := &p.request.service
	if v.Scheduler == "" {
		v.Scheduler = defaultScheduler
	}
	flags, err := schedulerFlags(p.flags, v.Scheduler)
	if err != nil {
		return err
	}
	v.Flags |= flags
	if v.Key.FWMark == 0 && v.Key.Addr.Port() == 0 && v.Flags&ipvs.Persistent == 0 {
		return refuse(statusUsage, "Zero port specified for non-persistent service: port 0 is all ports, and a client's connections to several belong together: add -p")
	}
	if v.Flags&ipvs.OnePacket != 0 && v.Key.FWMark == 0 && v.Key.Protocol != ipvs.UDP {
		return refuse(statusUsage, "One-Packet Scheduling is only for UDP virtual services")
	}
	return nil
}

func (p *parser) checkServer() *refusal {
	r := &p.request
	d := &r.dest
	if err := p.checkTunnel(); err != nil {
		return err
	}
	family := ipvs.IPv4
	if r.server.Addr().Is6() {
		family = ipvs.IPv6
	}
	if family != r.service.Key.Family && d.Forwarding != ipvs.Tunnel {
		return refuse(statusUsage, "Different address family is allowed only for tunneling servers: add -i")
	}
	// Only NAT can change the port, and the original does not say so. What a
	// mark is of has no port, so there the server keeps the one it was given.
	if d.Forwarding != ipvs.NAT && r.service.Key.FWMark == 0 {
		r.server = netip.AddrPortFrom(r.server.Addr(), r.service.Key.Addr.Port())
	}
	return nil
}

func (p *parser) checkTunnel() *refusal {
	given, d := p.request.given, &p.request.dest
	if given&tunnels == 0 {
		return nil
	}
	if d.Forwarding != ipvs.Tunnel {
		return refuse(statusUsage, "Tunnel options conflict with forward method: add -i")
	}
	var takes options
	switch d.Tunnel.Type {
	case ipvs.IPIP:
		takes = set(optTunType)
	case ipvs.GUE:
		takes = tunnels
		if !given.has(optTunPort) {
			return refuse(statusUsage, "You need to supply the 'tun-port' option for the 'gue' tunnel type")
		}
	case ipvs.GRE:
		takes = set(optTunType, optTunNoCsum, optTunCsum)
	}
	if extra := given & tunnels &^ takes; extra != 0 {
		return refuse(statusUsage, "Illegal '%s' option with the '%s' tunnel type", first(extra), d.Tunnel.Type)
	}
	if sums := given & set(optTunNoCsum, optTunCsum, optTunRemCsum); sums&(sums-1) != 0 {
		return refuse(statusUsage, "the options --tun-nocsum, --tun-csum and --tun-remcsum exclude one another")
	}
	return nil
}

// checkList refuses views that cannot be had at once. The others hide one
// another without a word, as in the original.
func (p *parser) checkList() *refusal {
	given := p.request.given
	views := set(optConnection, optTimeout, optDaemon)
	one := given & views
	switch {
	case one == 0:
		return nil
	case one&(one-1) != 0:
		return refuse(statusUsage, "The option '%s' conflicts with another view in the 'list' command", first(one))
	case given&services != 0:
		return refuse(statusUsage, "The option '%s' conflicts with the 'service-address' option in the 'list' command", first(one))
	case given&set(optStats, optRate, optThresholds) != 0,
		given.has(optPersistentConn) && !given.has(optConnection):
		return refuse(statusUsage, "options conflicts in the list command: '%s' has no columns to choose", first(one))
	}
	return nil
}
