package conf

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// defaultInstance is a vrrp_instance with nothing in it, but for what
// global_defs sets.
var defaultInstance = vrrp.Instance{
	Priority: 100,
	Interval: time.Second,
}

// instance is a vrrp_instance while it is read.
type instance struct {
	vrrp.Instance
	pos   syntax.Pos
	met   seen                       // its keywords
	uses  []InterfaceUse             // of the interfaces that it names
	peer  map[netip.Addr]peerLine    // of each of Peers
	lines map[netip.Addr]addressLine // of each of Addresses and Excluded that the block lists

	master  bool           // state MASTER
	version vrrp.Version   // as the block says; 0: it says nothing
	invalid bool           // a fatal value is reported already
	auth    authentication // what judgeAuth makes Auth of

	sourceKeyword string // what Source was set by
	hmac          hmacAuth

	// What judge makes of these depends on the version, the family and the peers.
	strict      bool
	messageOnly bool              // v3_checksum_as_v2
	oldChecksum vrrp.ChecksumForm // of old_unicast_checksum
	checkSource bool
	group       netip.Addr // mcast_dst_ip

	hooks  hooks
	routes []route      // of Routes, as they are shown
	rules  []policyRule // of Rules, likewise
	own    *ownLine     // use_vmac or use_ipvlan; nil: none

	vmacAddr, xmitBase bool // use_vmac_addr and vmac_xmit_base, which count with own

	tracks []tracking // what it tracks, but for interfaces

	pool []vrrp.Address // of snat_pool: they become Excluded once all services are judged
}

// readInstance reads a vrrp_instance. Its defaults are those that global_defs
// has set up to here. Of two with one name the first runs: scripts and sync
// groups know an instance by its name.
func readInstance(_ *none, l *loader, s *syntax.Statement) {
	name := s.Words[1].Text
	if !l.named(s) {
		return
	}
	if first := l.known.instances[name]; first != nil {
		l.defined(s, name, first.pos)
		return
	}
	in := new(instance)
	*in = l.global.instance()
	in.Name, in.pos, in.peer = name, s.Pos, make(map[netip.Addr]peerLine)
	l.within("vrrp_instance "+name, func() {
		in.met = read(l, instanceBlock, in, s.Block)
		if in.judge(l) {
			l.addInstance(in)
		} else {
			put(&l.known.refused, name, true)
		}
	})
}

// setState reads the state that keepalived starts in. It gives no head start:
// below priority 255 the instance waits for its master-down timer like any
// other. What is left of it is in judgeState.
func (in *instance) setState(l *loader, s *syntax.Statement) {
	switch w := s.Words[1]; {
	case w.Text == "MASTER":
		in.master = true
	case w.Text == "BACKUP" && in.master:
		l.errorf(w.Pos, "", "state BACKUP is ignored: state MASTER stands above")
	case w.Text == "BACKUP":
	default:
		in.master = false
		l.errorf(w.Pos, "it takes MASTER or BACKUP", "state %s: BACKUP is used", quote(w.Text))
	}
}

// setInterface reads the interface that adverts leave by. One that cannot be is
// fatal here and not only a missing interface later, so that the message names
// the word.
func (in *instance) setInterface(l *loader, s *syntax.Statement) {
	w, ok := l.device(s.Keyword(), s.Words[1], Fatal)
	switch {
	case !ok: // the instance has no other to run on
		in.invalid = true
		return
	case w.Text == "lo":
		l.fatalf(w.Pos, "", "VRRP cannot speak over the loopback interface")
		in.invalid = true
		return
	}
	in.dropUse(s.Keyword(), in.Interface) // The last one counts.
	in.Interface = w.Text
	in.use(s.Keyword(), w)
}

// interfaceName reports a name that Linux cannot have.
func (l *loader) interfaceName(s *syntax.Statement, w syntax.Word, sev Severity) bool {
	_, ok := l.device(s.Keyword(), w, sev)
	return ok
}

// device reads the name of an interface, or a template of one. It reports a name
// that Linux cannot have.
func (l *loader) device(setting string, w syntax.Word, sev Severity) (syntax.Word, bool) {
	w, ok := l.template(setting, w, sev)
	if ok && !interfaceName(w.Text) {
		l.report(sev, w.Pos, "", "%s %s: %s", setting, quote(w.Text), badInterface)
		return w, false
	}
	return w, ok
}

// use notes that the instance needs an interface.
func (in *instance) use(keyword string, w syntax.Word) {
	in.uses = append(in.uses, InterfaceUse{Name: w.Text, Keyword: keyword, By: "vrrp_instance " + in.Name, Pos: w.Pos})
}

// dropUse forgets a use, and returns where it stands.
func (in *instance) dropUse(keyword, name string) syntax.Pos {
	i := slices.IndexFunc(in.uses, func(u InterfaceUse) bool { return u.Keyword == keyword && u.Name == name })
	if i < 0 {
		return in.pos
	}
	pos := in.uses[i].Pos
	in.uses = slices.Delete(in.uses, i, i+1)
	return pos
}

// setVRID reads the virtual router id. There is no default to fall back to
// (RFC 9568 section 5.2.3), and a guess could collide with another router.
func (in *instance) setVRID(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	n, ok := whole(w.Text, 1, 255)
	if !ok {
		l.fatalf(w.Pos, "choose a number that no other virtual router on the segment has", "virtual_router_id %s is not a number from 1 to 255", quote(w.Text))
		in.invalid = true
		return
	}
	in.VRID = uint8(n)
}

// setPriority reads the priority. One that cannot be counts as the default even
// with state MASTER, as in keepalived: a mistyped router must not become the
// owner of the addresses.
func (in *instance) setPriority(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	n, ok := whole(w.Text, 1, 255)
	if !ok {
		n = int(defaultInstance.Priority)
		l.errorf(w.Pos, hintFor(w.Text), "priority %s is not a number from 1 to 255: %d is used", quote(w.Text), n)
	}
	in.Priority = uint8(n)
}

// setVersion notes the version apart from the one of global_defs: only a version
// that stands here can be wrong for IPv6.
func (in *instance) setVersion(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 2, 3); ok {
		in.version = vrrp.Version(n)
	}
}

// setSource reads mcast_src_ip and unicast_src_ip, two names for one setting:
// whether adverts are unicast is said by unicast_peer alone.
func (in *instance) setSource(l *loader, s *syntax.Statement) {
	if a, ok := l.addr(s.Keyword(), s.Words[1]); ok {
		in.Source, in.sourceKeyword = a, s.Keyword()
	}
}

// addPeers reads unicast_peer: an address a line.
func (in *instance) addPeers(l *loader, s *syntax.Statement) {
	for _, e := range l.entries(s) {
		w := e.Words[0]
		a, ok := l.addr(s.Keyword(), w)
		_, twice := in.peer[a]
		switch {
		case !ok:
		case a.IsMulticast() || a.IsUnspecified():
			l.errorf(w.Pos, "", "unicast_peer %s is ignored: it is no unicast address", a)
		case twice:
			l.warnf(w.Pos, "", "unicast_peer %s is listed twice", a)
		default:
			in.Peers = append(in.Peers, a)
			in.peer[a] = l.peerOptions(e)
		}
	}
}

// peerLine is one line of unicast_peer.
type peerLine struct {
	pos      syntax.Pos
	min, max *int // of its TTL
}

// peerOptions reads what stands behind a peer. A second address there is an
// error, since a peer that is not told of this master becomes one too.
func (l *loader) peerOptions(e *syntax.Statement) peerLine {
	line := peerLine{pos: e.Words[0].Pos}
	bounds := map[string]**int{"min_ttl": &line.min, "max_ttl": &line.max}
	args := e.Args()
	for i := 0; i < len(args); i++ {
		w := args[i]
		bound := bounds[w.Text]
		switch {
		case bound == nil:
			l.errorf(w.Pos, "one peer a line", "unicast_peer %s: %s is ignored", e.Keyword(), quote(w.Text))
		case i+1 == len(args):
			l.errorf(w.Pos, "", "unicast_peer %s: %s lacks a value", e.Keyword(), w.Text)
		default:
			i++
			if n, ok := l.number("unicast_peer "+e.Keyword()+": "+w.Text, args[i], 0, 255); ok {
				*bound = &n
			}
		}
	}
	if line.min != nil && line.max != nil && *line.min > *line.max {
		l.errorf(line.pos, "", "unicast_peer %s: min_ttl %d and max_ttl %d are ignored: no TTL is between them", e.Keyword(), *line.min, *line.max)
		line.min, line.max = nil, nil
	}
	return line
}

// setSyncInterface is keepalived's old way to say lvs_sync_daemon.
func (in *instance) setSyncInterface(l *loader, s *syntax.Statement) {
	if l.global.sync != nil {
		l.errorf(s.Pos, "", "%s is ignored: the sync daemon is configured already", s.Keyword())
		return
	}
	l.warnf(s.Pos, "write lvs_sync_daemon "+s.Words[1].Text+" "+in.Name+" in global_defs", "%s is deprecated", s.Keyword())
	if d, ok := newSync(l, s, "vrrp_instance "+in.Name); ok {
		d.instance = in.Name
		l.global.sync = d
	}
}
