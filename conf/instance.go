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
	met   seen                    // its keywords
	uses  []InterfaceUse          // of the interfaces that it names
	peer  map[netip.Addr]peerLine // of each of Peers
	lines map[netip.Addr]listed   // of each of Addresses and Excluded that the block lists

	master  bool           // state MASTER
	version vrrp.Version   // as the block says; 0: it says nothing
	invalid bool           // a fatal value is reported already
	auth    authentication // what judgeAuth makes Auth of

	sourceKeyword string // what Source was set by

	tracks []tracking // what it tracks, but for interfaces

	pool []vrrp.Address // of snat_pool: they become Excluded once all services are judged
}

var instanceBlock = block[instance]{"vrrp_instance", append([]row[instance]{
	custom("state", "MASTER|BACKUP", (*instance).setState).shown(showState).
		doc("BACKUP", "below priority 255 it gives no head start, but MASTER undoes nopreempt and preempt_delay, and without a priority means 255"),
	custom("interface", "IF", (*instance).setInterface).
		shown(func(in *instance) []Node { return statement("interface", in.Interface) }).
		doc("", "adverts leave by it, and its loss is a fault").
		departing("one that does not exist does not stop the start: the instance waits in FAULT. It is needed with unicast_peer too"),
	custom("virtual_router_id", "1..255", (*instance).setVRID).
		shown(func(in *instance) []Node { return statement("virtual_router_id", int(in.VRID)) }).
		doc("", "number of the virtual router, the same on all its routers and on no other of the segment").
		departing("of two instances with one number on an interface the second does not run, where keepalived keeps it in FAULT"),
	custom("priority", "1..255", (*instance).setPriority).
		shown(func(in *instance) []Node { return statement("priority", int(in.Priority)) }).
		doc("100; 255 with state MASTER", "the highest becomes master; 255 is the owner of the addresses"),
	// What either version can say; judgeInterval rounds once the version is known.
	seconds("advert_int", 10*time.Millisecond, 255*time.Second, func(in *instance) *time.Duration { return &in.Interval }).
		doc("", "time between adverts, in version 2 whole seconds, in version 3 steps of 0.01 up to 40.95; a backup takes over after three of them and a bit"),
	custom("version", "2|3", (*instance).setVersion).shown(showVersion).
		doc("that of global_defs; 3 for IPv6", "version of VRRP, the same on all routers"),
	// The last one of these two counts.
	plain("nopreempt", func(in *instance) *bool { return &in.NoPreempt }).
		doc("off", "never takes over from a master of a lower priority"),
	custom("preempt", "", func(in *instance, _ *loader, _ *syntax.Statement) { in.NoPreempt = false }).
		doc("on", "undoes a nopreempt above it"),
	seconds("preempt_delay", 0, 1000*time.Second, func(in *instance) *time.Duration { return &in.PreemptDelay }).
		doc("", "how long a master of a lower priority is left alone once it is heard"),
	custom("mcast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("mcast_src_ip") }).
		doc("the primary address of the interface", "source of adverts"),
	custom("unicast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("unicast_src_ip") }).
		doc("the primary address of the interface", "source of adverts; they are unicast with unicast_peer only"),
	custom("unicast_peer", "{ IP [OPTION ...] ... }", (*instance).addPeers).shown(showPeers).
		doc("none: multicast", "the other routers: adverts go to each of them").
		departing("the own unicast_src_ip is left out, so that one list serves both directors"),
	custom("authentication", "{ }", (*instance).readAuth).shown((*instance).showAuth).holding(authBlock).
		doc("none", "simple authentication of version 2"),
	custom("virtual_ipaddress", "{ ADDRESS ... }", (*instance).addAddresses).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress", in.Addresses) }).
		doc("", "the addresses that the master has, at most 255 of one family; they stand in its adverts").
		departing("an instance without an address does not run: keepalived elects a master of nothing in version 2"),
	custom("virtual_ipaddress_excluded", "{ ADDRESS ... }", (*instance).addExcluded).
		shown(func(in *instance) []Node { return in.showAddresses("virtual_ipaddress_excluded", in.Excluded) }).
		doc("none", "addresses of either family that move with the others and are in no advert"),
	custom("track_interface", "{ IF [weight N [reverse]] ... }", (*instance).addTracks).
		shown(func(in *instance) []Node { return showTracks("track_interface", in.tracking()) }).
		doc("none", "interfaces whose loss is a fault, or with a weight a change of the priority"),
	trackRow("track_script", trackedScript, maxWeight, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "vrrp_scripts whose failure is a fault, or with a weight a change of the priority"),
	trackRow("track_file", trackedFile, maxWeight+1, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "files whose number changes the priority, or with weight 0 is a fault"),
	trackRow("track_process", trackedProcess, maxWeight+1, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "processes whose end is a fault, or with a weight a change of the priority"),
	trackRow("track_bfd", trackedBFD, maxWeight, func(in *instance) *[]tracking { return &in.tracks }).
		doc("none", "BFD sessions whose loss is a fault, or with a weight a change of the priority"),
	wholeSeconds("garp_master_delay", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Delay }).
		doc("vrrp_garp_master_delay", "a second burst of announcements this long after becoming master; 0: none"),
	count("garp_master_repeat", func(in *instance) *int { return &in.Announce.Repeat }).
		doc("vrrp_garp_master_repeat", "announcements of each address in a burst"),
	wholeSeconds("garp_master_refresh", 0, maxDelay, func(in *instance) *time.Duration { return &in.Announce.Refresh }).
		doc("vrrp_garp_master_refresh", "the master announces its addresses again every so often; 0: never").
		departing("60 where nothing is said, not 0: a switch that forgot an address learns it again"),
	count("garp_master_refresh_repeat", func(in *instance) *int { return &in.Announce.RefreshRepeat }).
		doc("vrrp_garp_master_refresh_repeat", "announcements of each address in a refresh"),
	custom("lvs_sync_daemon_interface", "IF", (*instance).setSyncInterface).
		doc("none", "deprecated: lvs_sync_daemon in global_defs, with this instance"),
	plain[instance]("accept", nil).
		doc("on", "packets to a virtual address are accepted, which tandem always does"),
}, laterInstance()...)}

// readInstance reads a vrrp_instance. Its defaults are those that global_defs
// has set up to here. Of two with one name the first runs: scripts and sync
// groups know an instance by its name.
func readInstance(_ *none, l *loader, s *syntax.Statement) {
	name := s.Words[1].Text
	if !l.named(s) {
		return
	}
	if i := slices.IndexFunc(l.instances, func(in *instance) bool { return in.Name == name }); i >= 0 {
		l.errorf(s.Pos, "", "vrrp_instance %s is defined already, in line %d: the block is ignored", name, l.instances[i].pos.Line)
		return
	}
	in := &instance{Instance: defaultInstance, pos: s.Pos, peer: make(map[netip.Addr]peerLine)}
	in.Name = name
	in.Version = l.global.version
	in.Announce = l.global.announce
	l.within("vrrp_instance "+name, func() {
		in.met = read(l, instanceBlock, in, s.Block)
		if in.judge(l) {
			l.instances = append(l.instances, in)
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
		switch {
		case !ok:
		case a.IsMulticast() || a.IsUnspecified():
			l.errorf(w.Pos, "", "unicast_peer %s is ignored: it is no unicast address", a)
		case slices.Contains(in.Peers, a):
			l.errorf(w.Pos, "", "unicast_peer %s is listed twice", a)
		default:
			in.Peers = append(in.Peers, a)
			in.peer[a] = peerLine{w.Pos, l.peerOptions(e)}
		}
	}
}

// peerLine is one line of unicast_peer.
type peerLine struct {
	pos  syntax.Pos
	idle []any // its options, none of which is built
}

// peerOptions checks what stands behind a peer, and returns what is good of it. A
// second address there is an error, since a peer that is not told of this
// master becomes one too.
func (l *loader) peerOptions(e *syntax.Statement) (idle []any) {
	args := e.Args()
	for i := 0; i < len(args); i++ {
		w := args[i]
		switch {
		case w.Text != "min_ttl" && w.Text != "max_ttl":
			l.errorf(w.Pos, "one peer a line", "unicast_peer %s: %s is ignored", e.Keyword(), quote(w.Text))
		case i+1 == len(args):
			l.errorf(w.Pos, "", "unicast_peer %s: %s lacks a value", e.Keyword(), w.Text)
		default:
			i++
			if n, ok := l.number("unicast_peer "+e.Keyword()+": "+w.Text, args[i], 0, 255); ok {
				idle = append(idle, w.Text, n)
				l.idleOption(w, "unicast_peer option")
			}
		}
	}
	return idle
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
