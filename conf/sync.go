package conf

import (
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs/connsync"
)

// syncDaemon is lvs_sync_daemon while it is read.
type syncDaemon struct {
	connsync.Config
	pos      syntax.Pos
	use      InterfaceUse
	instance string
	idSet    bool
}

// setSync reads lvs_sync_daemon IF [[inst] NAME] [id N] [maxlen N] [port N]
// [ttl N] [group ADDR]; a bare number behind the instance is the id, as it was
// written before keepalived 2.0.
func (g *globals) setSync(l *loader, s *syntax.Statement) {
	if g.sync != nil {
		l.errorf(s.Pos, "", "a second %s is ignored", s.Keyword())
		return
	}
	d, ok := newSync(l, s, "global_defs")
	if !ok {
		return
	}
	args := s.Args()[1:]
	for i := 0; i < len(args); i++ {
		w := args[i]
		if !syncOption(w.Text) {
			d.bareWord(l, s, i, w)
			continue
		}
		if i++; i == len(args) {
			l.errorf(w.Pos, "", "%s: %s lacks a value", s.Keyword(), w.Text)
			break
		}
		d.option(l, s, w.Text, args[i])
	}
	g.sync = d
}

// newSync begins a daemon on the interface that the statement names.
func newSync(l *loader, s *syntax.Statement, by string) (d *syncDaemon, ok bool) {
	w, ok := l.device(s.Keyword(), s.Words[1], Error)
	if !ok {
		return nil, false
	}
	return &syncDaemon{
		Config: connsync.Config{Interface: w.Text},
		pos:    s.Pos,
		use:    InterfaceUse{Name: w.Text, Keyword: s.Keyword(), By: by, Pos: w.Pos},
	}, true
}

// syncOption tells the words that take a value from the instance and the id,
// which may stand without their names.
func syncOption(word string) bool {
	switch word {
	case "inst", "id", "maxlen", "port", "ttl", "group":
		return true
	}
	return false
}

// bareWord reads the instance without inst and the id without id.
func (d *syncDaemon) bareWord(l *loader, s *syntax.Statement, i int, w syntax.Word) {
	_, isNumber := whole(w.Text, 0, 255)
	switch {
	case i == 0:
		d.instance = w.Text
	case i == 1 && isNumber:
		d.option(l, s, "id", w)
	default:
		l.invalid(s.Keyword(), w, "it takes inst, id, maxlen, port, ttl and group, each with a value")
	}
}

// option reads one named value; one that cannot be leaves the default. The
// bounds are keepalived's.
func (d *syncDaemon) option(l *loader, s *syntax.Statement, name string, w syntax.Word) {
	setting := s.Keyword() + " " + name
	n, ok := 0, true
	switch name {
	case "inst":
		d.instance = w.Text
	case "id":
		if n, ok = l.number(setting, w, 0, 255); ok {
			d.SyncID, d.idSet = uint8(n), true
		}
	case "maxlen":
		if n, ok = l.number(setting, w, 1, 65507); ok {
			d.MaxLen = uint16(n)
		}
	case "port":
		if n, ok = l.number(setting, w, 1, 65535); ok {
			d.Port = uint16(n)
		}
	case "ttl":
		if n, ok = l.number(setting, w, 1, 255); ok {
			d.TTL = uint8(n)
		}
	case "group":
		if a, ok := l.addr(setting, w); ok && !a.IsMulticast() {
			l.invalid(setting, w, "it takes a multicast address")
		} else if ok {
			d.Group = a
		}
	}
}

// showSync gives the daemon as finishSync left it.
func (g *globals) showSync() []Node {
	d := g.sync
	if d == nil {
		return nil
	}
	values := []any{d.Interface}
	add := func(said bool, name string, value any) {
		if said {
			values = append(values, name, value)
		}
	}
	add(d.instance != "", "inst", d.instance)
	add(d.SyncID != 0, "id", int(d.SyncID))
	add(d.MaxLen != 0, "maxlen", int(d.MaxLen))
	add(d.Port != 0, "port", int(d.Port))
	add(d.TTL != 0, "ttl", int(d.TTL))
	add(d.Group.IsValid(), "group", d.Group)
	n := statement("lvs_sync_daemon", values...)
	n[0].Pos = d.pos
	return n
}

// finishSync gives the daemon its id. 0 is never used: a backup daemon with
// sync id 0 takes the messages of every other pair on the segment for its own
// (ip_vs_sync.c, ip_vs_process_message), where keepalived lets it be.
func (l *loader) finishSync() *syncDaemon {
	d := l.global.sync
	if d == nil {
		return nil
	}
	d.Settings = l.global.settings
	from := d.syncInstance(l)
	switch {
	case d.SyncID != 0:
	case from == nil && len(l.known.refused) > 0:
		d.SyncID = 1 // That none runs is said.
	case from == nil:
		d.SyncID = 1
		l.warnf(d.pos, "write id N, the same on both directors", "lvs_sync_daemon: there is no vrrp_instance to take a sync id from: 1 is used")
	default:
		d.SyncID = from.VRID
		if d.idSet {
			l.warnf(d.pos, "", "lvs_sync_daemon: id 0 would take the messages of every pair on the segment: %d, the VRID of %s, is used", from.VRID, from.Name)
		}
	}
	return d
}

// syncInstance is the instance that the daemon belongs to: the one it names,
// else the first.
func (d *syncDaemon) syncInstance(l *loader) *instance {
	if in := l.known.instances[d.instance]; in != nil {
		return in
	}
	switch {
	case d.instance == "":
	case l.known.refused[d.instance]:
		l.errorf(d.pos, "", "lvs_sync_daemon: vrrp_instance %s does not run", quote(d.instance))
	case l.known.instances[d.Interface] != nil:
		l.errorf(d.pos, "the interface comes first: write lvs_sync_daemon "+d.instance+" "+d.Interface, "lvs_sync_daemon: there is no vrrp_instance %s", quote(d.instance))
	default:
		l.errorf(d.pos, "", "lvs_sync_daemon: there is no vrrp_instance %s", quote(d.instance))
	}
	d.instance = ""
	if len(l.instances) == 0 {
		return nil
	}
	return l.instances[0]
}
