package conf

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// reporter words findings and keeps them.
type reporter struct {
	found Diagnostics
	scope []scope            // the blocks that are being judged, outermost first: they stand before every message
	words func() *vocabulary // made when it is needed
}

// scope is a block as messages name it: "vrrp_instance VI_1", or a real server
// by its address. It is put in words only for a message: of ten thousand real
// servers hardly one has any.
type scope struct {
	name   string
	server netip.AddrPort
}

func (s scope) String() string {
	if s.server.IsValid() {
		return "real_server " + serverName(s.server)
	}
	return s.name
}

// within runs f while messages name the block.
func (r *reporter) within(name string, f func()) {
	r.scope = append(r.scope, scope{name: name})
	f()
	r.scope = r.scope[:len(r.scope)-1]
}

// withinServer runs f while messages name the real server.
func (r *reporter) withinServer(a netip.AddrPort, f func()) {
	r.scope = append(r.scope, scope{server: a})
	f()
	r.scope = r.scope[:len(r.scope)-1]
}

// report adds a finding. The message names the block by itself, because a log
// shows it without the file beside it, and because a reload compares messages
// without their positions.
func (r *reporter) report(sev Severity, pos syntax.Pos, hint, format string, args ...any) {
	r.found = append(r.found, r.finding(sev, pos, hint, format, args...))
}

// finding is what report adds.
func (r *reporter) finding(sev Severity, pos syntax.Pos, hint, format string, args ...any) Diagnostic {
	var message strings.Builder
	for _, s := range r.scope {
		message.WriteString(s.String())
		message.WriteString(": ")
	}
	text := fmt.Sprintf(format, args...)
	if n := len(r.scope); n > 0 && Private(r.scope[n-1].name) {
		text = r.discreet(text)
	}
	message.WriteString(text)
	return Diagnostic{Pos: pos, Severity: sev, Message: message.String(), Hint: hint}
}

func (r *reporter) fatalf(pos syntax.Pos, hint, format string, args ...any) {
	r.report(Fatal, pos, hint, format, args...)
}

func (r *reporter) errorf(pos syntax.Pos, hint, format string, args ...any) {
	r.report(Error, pos, hint, format, args...)
}

func (r *reporter) warnf(pos syntax.Pos, hint, format string, args ...any) {
	r.report(Warning, pos, hint, format, args...)
}

func (r *reporter) notef(pos syntax.Pos, hint, format string, args ...any) {
	r.report(Note, pos, hint, format, args...)
}

// seeing is report of a finding that speaks of a second place: there.
func (r *reporter) seeing(sev Severity, pos, there syntax.Pos, hint, format string, args ...any) {
	r.report(sev, pos, hint, format, args...)
	r.found[len(r.found)-1].See = there
}

// classify gives the last finding its class.
func (r *reporter) classify(c Class) { r.found[len(r.found)-1].Class = c }
