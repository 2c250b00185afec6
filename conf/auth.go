package conf

import (
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// authentication is the authentication block of an instance.
type authentication struct {
	kind   string // PASS, or nothing
	pass   string
	set    bool // auth_pass was given
	masked bool // instead of it stands what a dump shows
	used   bool // judgeAuth has taken it
	met    seen
}

var authBlock = block[authentication]{authBlockName, []row[authentication]{
	custom("auth_type", "PASS|AH", (*authentication).setType).
		shown(func(a *authentication) []Node { return statement("auth_type", a.kind) }).
		doc("none", "how adverts of version 2 are authenticated; PASS is a password in clear").
		departing("AH is not built: it is an error, and adverts of a peer that uses it are not understood"),
	custom("auth_pass", "STRING", (*authentication).setPass).
		secretly().shown(func(a *authentication) []Node { return statement("auth_pass", Secret(a.pass)) }).
		doc("none", "the password, of which 8 bytes count"),
}}

// readAuth reads the block; what it means depends on the version, which may
// stand below it.
func (in *instance) readAuth(l *loader, s *syntax.Statement) {
	l.within(authBlockName, func() { in.auth.met = read(l, authBlock, &in.auth, s.Block) })
	in.auth.masked = !in.auth.set && holdsMasked(s, "auth_pass")
}

// setType reads the kind of authentication. AH is a protocol of its own: an
// instance without it hears nothing of a peer that uses it, and both become
// master, so this is more than a keyword without effect.
func (a *authentication) setType(l *loader, s *syntax.Statement) {
	a.kind = ""
	switch w := s.Words[1]; w.Text {
	case "PASS":
		a.kind = w.Text
	case "AH":
		l.errorf(w.Pos, "use PASS on both routers, or none", "auth_type AH is not supported yet: adverts of a peer that uses it are not understood")
		a.kind = w.Text
	default:
		l.errorf(w.Pos, "it takes PASS or AH", "auth_type %s is ignored", quote(w.Text))
	}
}

// setPass reads the password.
func (a *authentication) setPass(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	l.warnCut(s.Keyword(), w)
	a.set, a.pass = true, w.Text
	if limit := len(vrrp.Password{}); len(a.pass) > limit {
		// The field has 8 bytes (RFC 2338 section 5.3.10), and keepalived cuts
		// in the same way, so a pair with it still agrees.
		l.warnf(w.Pos, "shorten it on all routers", "auth_pass has %d bytes, of which the first %d are used", len(a.pass), limit)
		a.pass = a.pass[:limit]
	}
}

// judgeAuth takes the password over where it can have an effect.
func (in *instance) judgeAuth(l *loader) {
	if !in.met.has("authentication") {
		return
	}
	pos := in.met.at(in.pos, "authentication")
	switch {
	case in.Version == vrrp.V3:
		// RFC 9568 section 9: version 3 has no authentication.
		l.errorf(pos, "remove the block", "authentication is ignored: VRRP version 3 has none, so the password is neither sent nor asked for")
	case in.auth.kind == "" && in.auth.set:
		l.errorf(pos, "write auth_type PASS", "auth_pass is ignored without auth_type")
	case in.auth.masked: // That has been said.
	case in.auth.kind == "PASS" && in.auth.pass == "":
		l.errorf(pos, "", "authentication is ignored: auth_pass is missing")
	case in.auth.kind == "PASS":
		copy(in.Auth[:], in.auth.pass)
		in.auth.used = true
	}
}

// showAuth gives the block where it has an effect.
func (in *instance) showAuth() []Node {
	if !in.auth.used {
		return nil
	}
	return blockOf("authentication", nil, authBlock.show(&in.auth, in.auth.met))
}
