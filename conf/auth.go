package conf

import (
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// authentication is the authentication block of an instance.
type authentication struct {
	kind   string // PASS or AH, or nothing
	pass   string
	set    bool // auth_pass was given
	masked bool // instead of it stands what a dump shows
	used   bool // judgeAuth has taken it
	met    seen
}

var authBlock = block[authentication]{authBlockName, []row[authentication]{
	custom("auth_type", "PASS|AH", (*authentication).setType).
		shown(func(a *authentication) []Node { return statement("auth_type", a.kind) }).
		doc("none", "how adverts of version 2 are authenticated: PASS is a password in clear, AH signs them by MD5"),
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

// setType reads the kind of authentication.
func (a *authentication) setType(l *loader, s *syntax.Statement) {
	a.kind = ""
	switch w := s.Words[1]; w.Text {
	case "PASS", "AH":
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
	pos, said := in.met.find("authentication")
	if !said {
		return
	}
	if in.HMAC != nil {
		l.errorf(in.met.at(in.pos, hmacBlockName), "remove one of the two blocks", "auth_hmac is ignored: there is an authentication block")
		in.HMAC = nil
	}
	switch {
	case in.strict: // That has been said.
	case in.Version == vrrp.V3:
		// RFC 9568 section 9: version 3 has no authentication.
		l.errorf(pos, "remove the block", "authentication is ignored: VRRP version 3 has none, so the password is neither sent nor asked for")
	case in.auth.kind == "" && in.auth.set:
		l.errorf(pos, "write auth_type PASS", "auth_pass is ignored without auth_type")
	case in.auth.masked: // That has been said.
	case in.auth.kind == "":
	case in.auth.pass == "":
		l.errorf(pos, "", "authentication is ignored: auth_pass is missing")
	default:
		copy(in.Auth[:], in.auth.pass)
		in.auth.used = true
		in.AuthHeader = in.auth.kind == "AH"
		in.judgeHeader(l)
	}
}

// judgeHeader takes state MASTER from an instance with AH: only an advert tells
// it the sequence number that its own must exceed.
func (in *instance) judgeHeader(l *loader) {
	if in.AuthHeader && in.master && in.Priority != vrrp.PriorityOwner {
		l.warnf(in.met.at(in.pos, "state"), "write state BACKUP", "state MASTER is ignored: with auth_type AH a router listens first")
		in.master = false
	}
}

// showAuth gives the block where it has an effect.
func (in *instance) showAuth() []Node {
	if !in.auth.used {
		return nil
	}
	return blockOf("authentication", nil, authBlock.show(&in.auth, in.auth.met))
}
