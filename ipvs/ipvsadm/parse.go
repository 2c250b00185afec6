package ipvsadm

import (
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// request is what one command line asks for.
type request struct {
	command  command
	given    options
	service  kernel.Virtual
	server   ipvs.Server
	dest     ipvs.Destination
	daemon   ipvs.Daemon
	timeouts ipvs.Timeouts
	every    time.Duration // of --watch
}

// limits of what the options take.
const (
	maxSeconds        = 31 * 24 * 3600 // of a persistence and of a timeout
	defaultPersist    = 360            // although ipvsadm(8) says 300
	maxInt            = 1<<31 - 1
	maxMessage        = 65535 - 20 - 8 // of the sync daemon: one UDP packet
	defaultScheduler  = "wlc"
	defaultWatch      = 2 * time.Second // as often as the kernel adds up its counters
	allOnes           = 0xffffffff
	hostPrefix6       = 128
	firstMulticast    = 224
	afterMulticast    = 240
	multicastPrefixV6 = 0xff
)

// parser makes a request of arguments, one option after the other: what an
// option means can depend on those before it, as in the original.
type parser struct {
	names   *names
	request request
	flags   string // of --sched-flags, understood when the scheduler is known
}

// parse reads the arguments of one command. No argument is --list.
func parse(args []string, names *names) (request, *refusal) {
	p := parser{names: names}
	r := &p.request
	r.service.Netmask = allOnes
	r.dest = ipvs.Destination{Weight: 1, Forwarding: ipvs.DR}
	if len(args) == 0 {
		r.command = listTable
		return *r, nil
	}
	s := scanner{args: args}
	sp, val, _, ok, bad := s.next()
	if bad != nil || !ok || sp.cmd == 0 {
		return *r, noCommand(s.text)
	}
	r.command = sp.cmd
	if sp.cmd == showHelp || sp.cmd == showVersion {
		return *r, nil
	}
	if err := p.role(val); err != nil {
		return *r, err
	}
	for {
		sp, val, has, ok, bad := s.next()
		if bad != nil {
			return *r, bad
		}
		if !ok {
			return *r, p.finish(s.words)
		}
		if sp.cmd != 0 {
			return *r, refuse(statusUsage, "invalid option `%s': one command at a time", s.text)
		}
		if err := p.option(sp.opt, val, has); err != nil {
			return *r, err
		}
	}
}

// noCommand is the refusal of arguments that do not begin with a command.
func noCommand(first string) *refusal {
	hint := "the first option must be a command, as -A, -a or -L"
	if first != "" {
		hint = first + ": " + hint
	}
	return refuse(statusKernel, "%s\nTry `ipvsadm -h' or 'ipvsadm --help' for more information.", hint).stop()
}

// role reads the value of --start-daemon and --stop-daemon.
func (p *parser) role(val string) *refusal {
	if p.request.command != startDaemon && p.request.command != stopDaemon {
		return nil
	}
	switch val {
	case "master":
		p.request.daemon.Role = ipvs.SyncMaster
	case "backup":
		p.request.daemon.Role = ipvs.SyncBackup
	default:
		return refuse(statusUsage, "illegal %s parameter specified: %q is neither master nor backup", p.request.command, val)
	}
	return nil
}

// option takes one option in.
func (p *parser) option(o option, val string, has bool) *refusal {
	r := &p.request
	if err := p.once(o); err != nil {
		return err
	}
	r.given |= set(o)
	switch {
	case services.has(o):
		return p.service(o, val)
	case o == optIPv6:
		return p.ipv6()
	case o >= optScheduler && o <= optFlags:
		return p.serviceOption(o, val, has)
	case o >= optServer && o <= optTunRemCsum:
		return p.serverOption(o, val)
	case o >= optInterface && o <= optTTL:
		return p.daemonOption(o, val)
	case o == optWatch && has:
		n, ok := number(val, 1, 3600)
		if !ok {
			return refuse(statusUsage, "illegal watch interval %q: 1 to 3600 seconds", val)
		}
		r.every = time.Duration(n) * time.Second
	case o == optWatch:
		r.every = defaultWatch
	}
	return nil
}

// once refuses an option that was there before, or another that sets the same.
func (p *parser) once(o option) *refusal {
	given := p.request.given
	switch {
	case services.has(o) && given&services != 0:
		return refuse(statusUsage, "multiple 'service-address' options specified")
	case forwarding.has(o) && given&forwarding != 0:
		return refuse(statusUsage, "multiple 'forwarding-method' options specified")
	case given.has(o) && o != optIPv6 && o != optSort && o != optForce:
		return refuse(statusUsage, "multiple '%s' options specified", o)
	}
	return nil
}

// service reads the option that names a service.
func (p *parser) service(o option, val string) *refusal {
	v := &p.request.service
	if o == optFWMark {
		n, ok := number(val, 1, allOnes)
		if !ok {
			return refuse(statusUsage, "invalid fwmark value `%s' specified: 1 to 4294967295", val)
		}
		v.Key = ipvs.Key{FWMark: uint32(n), Family: ipvs.IPv4}
		return nil
	}
	proto := map[option]ipvs.Protocol{optTCP: ipvs.TCP, optUDP: ipvs.UDP, optSCTP: ipvs.SCTP}[o]
	addr, _, ok := p.hostPort(val, proto)
	if !ok {
		return refuse(statusUsage, "illegal virtual server address[:port] specified: %q%s", val, addressHint(val))
	}
	v.Key = ipvs.Key{Addr: addr, Protocol: proto, Family: ipvs.IPv4}
	if addr.Addr().Is6() {
		v.Key.Family = ipvs.IPv6
		v.Netmask = hostPrefix6
	}
	return nil
}

// addressHint says what is often wrong with an address.
func addressHint(val string) string {
	if strings.Count(val, ":") > 1 {
		return "; an IPv6 address with a port is written [ADDRESS]:PORT, and must be a number"
	}
	return "; no such address, host or port"
}

// ipv6 makes the firewall mark one of IPv6 packets.
func (p *parser) ipv6() *refusal {
	if !p.request.given.has(optFWMark) {
		return refuse(statusUsage, "-6 used before -f: it says what a firewall mark is of, and follows it")
	}
	p.request.service.Key.Family = ipvs.IPv6
	p.request.service.Netmask = hostPrefix6
	return nil
}

// netmask reads --netmask for the family that is known so far.
func (p *parser) netmask(val string) *refusal {
	v := &p.request.service
	if v.Key.Family == ipvs.IPv6 {
		n := leadingNumber(val)
		if n < 1 || n > hostPrefix6 {
			return refuse(statusUsage, "illegal ipv6 netmask specified: %q is no prefix length of 1 to 128", val)
		}
		v.Netmask = uint32(n)
		return nil
	}
	a, ok := numbersAndDots(val)
	if !ok {
		return refuse(statusUsage, "illegal virtual server persistent mask specified: %q is no mask as 255.255.255.0", val)
	}
	b := a.As4()
	v.Netmask = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return nil
}

// multicast reads a group for a sync daemon.
func multicast(val string) (netip.Addr, *refusal) {
	a, err := netip.ParseAddr(val)
	switch {
	case strings.Contains(val, ":") && (err != nil || !a.Is6() || a.Zone() != "" || a.As16()[0] != multicastPrefixV6):
		return a, refuse(statusUsage, "invalid IPv6 mcast-group `%s': a group begins with ff", val)
	case err != nil || a.Is4() && (a.As4()[0] < firstMulticast || a.As4()[0] >= afterMulticast):
		return a, refuse(statusUsage, "invalid IPv4 mcast-group `%s': a group is in 224.0.0.0/4", val)
	}
	return a, nil
}
