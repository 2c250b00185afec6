package conf

import (
	"net/mail"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/notify"
)

// mailing is what global_defs says of mail.
type mailing struct {
	notify.Mail
	pos         map[string]syntax.Pos // of each recipient
	alert, vrrp *bool                 // smtp_alert, smtp_alert_vrrp; nil: not said
}

// defaultMailTimeout is that of smtp_connect_timeout.
const defaultMailTimeout = 30 * time.Second

// noServerMail is what is left to do for mail.
const noServerMail = "no mail is sent about virtual and real servers"

// mailRows are the keywords of global_defs about mail.
var mailRows = []row[globals]{
	custom("notification_email", "{ ADDRESS ... }", (*globals).addRecipients).shown((*globals).showRecipients).
		doc("nobody", "who gets mail about state changes"),
	custom("notification_email_from", "ADDRESS", (*globals).setSender).
		shown(func(g *globals) []Node { return unlessEmpty("notification_email_from", g.mail.From) }).
		doc("tandem@HOST", "the sender of that mail"),
	custom("smtp_server", "HOST [PORT]", (*globals).setMailServer).shown((*globals).showMailServer).
		doc("none; port 25", "the server that takes the mail").
		departing("the name is looked up for each mail; TLS is used where the server offers it; mail that it does not take is sent later, for an hour"),
	text("smtp_helo_name", "STRING", func(g *globals) *string { return &g.mail.Helo }).
		doc("the host name", "how the sender names itself to that server"),
	custom("smtp_connect_timeout", "1..4294", (*globals).setMailTimeout).
		shown(func(g *globals) []Node { return statement("smtp_connect_timeout", g.mail.Timeout) }).
		doc("", "seconds to wait for that server"),
	optionalBoolean("smtp_alert", func(g *globals) **bool { return &g.mail.alert }).
		departing("so far only for instances and groups").
		doc("as each block says", "whether state changes are mailed, where a block does not say"),
	optionalBoolean("smtp_alert_vrrp", func(g *globals) **bool { return &g.mail.vrrp }).
		doc("as smtp_alert", "the same, for instances and groups only"),
	boolean[globals]("smtp_alert_checker", nil).later().withOthers("mail", noServerMail).
		doc("as smtp_alert", "the same, for virtual and real servers only"),
	plain("no_email_faults", func(g *globals) *bool { return &g.mail.NoFaults }).
		doc("off", "no mail about the state FAULT"),
	boolean[globals]("no_checker_emails", nil).later().withOthers("mail", noServerMail).
		doc("off", "mail only when a real server comes or goes, not for each check"),
}

// addRecipients reads notification_email: every word is an address.
func (g *globals) addRecipients(l *loader, s *syntax.Statement) {
	n := 0
	for _, e := range l.entries(s) {
		for _, w := range e.Words {
			n++
			if l.printable(s.Keyword(), w) && l.mailAddress(s.Keyword(), w) {
				g.mail.To = append(g.mail.To, w.Text)
				put(&g.mail.pos, w.Text, w.Pos)
			}
		}
	}
	if n == 0 {
		l.warnf(s.Pos, "write one address a line", "%s names nobody", s.Keyword())
	}
}

// mailAddress reports a word that is no address: one in the way of all others,
// since a mail has one list of recipients. Without an @ it is one of this host.
func (l *loader) mailAddress(setting string, w syntax.Word) bool {
	address := w.Text
	if !strings.Contains(address, "@") {
		address += "@localhost"
	}
	if _, err := mail.ParseAddress(address); err != nil {
		l.errorf(w.Pos, hintFor(w.Text), "%s %s is ignored: it is no mail address", setting, quote(w.Text))
		return false
	}
	return true
}

func (g *globals) showRecipients() []Node {
	if len(g.mail.To) == 0 {
		return nil
	}
	var lines []Node
	for _, to := range g.mail.To {
		lines = append(lines, Node{Values: []any{to}, Pos: g.mail.pos[to]})
	}
	return blockOf("notification_email", nil, lines)
}

func (g *globals) setSender(l *loader, s *syntax.Statement) {
	if w := s.Words[1]; l.printable(s.Keyword(), w) && l.mailAddress(s.Keyword(), w) {
		g.mail.From = w.Text
	}
}

// setMailServer reads smtp_server. The name is not looked up: it may be one that
// only the running director can resolve.
func (g *globals) setMailServer(l *loader, s *syntax.Statement) {
	if !l.printable(s.Keyword(), s.Words[1]) {
		return
	}
	g.mail.Server, g.mail.Port = s.Words[1].Text, 0
	if args := s.Args(); len(args) > 1 {
		if n, ok := l.number(s.Keyword()+" "+quote(args[0].Text)+": the port", args[1], 1, 65535); ok {
			g.mail.Port = uint16(n)
		}
	}
}

func (g *globals) showMailServer() []Node {
	switch m := g.mail; {
	case m.Server == "":
		return nil
	case m.Port == 0:
		return statement("smtp_server", m.Server)
	default:
		return statement("smtp_server", m.Server, int(m.Port))
	}
}

// setMailTimeout reads smtp_connect_timeout, of which 0 would be no time at all.
func (g *globals) setMailTimeout(l *loader, s *syntax.Statement) {
	n, ok := l.number(s.Keyword(), s.Words[1], 0, maxDelay)
	if ok && n == 0 {
		l.errorf(s.Words[1].Pos, "", "%s 0 makes no sense: 1 is used", s.Keyword())
	}
	if ok {
		g.mail.Timeout = time.Duration(max(n, 1)) * time.Second
	}
}

// about tells whether instances and groups are mailed of that do not say so
// themselves.
func (m *mailing) about() bool {
	switch {
	case m.vrrp != nil:
		return *m.vrrp
	case m.alert != nil:
		return *m.alert
	}
	return false
}

// result is what runs.
func (m *mailing) result() notify.Mail {
	out := m.Mail
	out.Timeout = unlessDefault(out.Timeout, defaultMailTimeout)
	return out
}

// judge warns of mail that reaches nobody, at the first place that asks for it.
func (m *mailing) judge(l *loader, c notify.Config) {
	asks := false
	var at syntax.Pos
	ask := func(where syntax.Pos, mailed bool) {
		if mailed && (!asks || where.Compare(at) < 0) {
			asks, at = true, where
		}
	}
	global := l.global.met.at(l.whole(), "smtp_alert_vrrp", "smtp_alert")
	for _, g := range l.groups {
		ask(g.met.at(global, "smtp_alert"), c.Groups[g.name].Mail)
	}
	for _, in := range l.instances {
		ask(in.met.at(global, "smtp_alert"), c.Instances[in.Name].Mail)
	}
	switch {
	case asks && len(m.To) == 0:
		l.warnf(at, "write notification_email { ADDRESS } in global_defs", "smtp_alert sends no mail: there is nobody to send it to")
	case asks && m.Server == "":
		l.warnf(at, "write smtp_server HOST in global_defs", "smtp_alert sends no mail: there is no server that takes it")
	case !asks && len(m.To) > 0 && m.Server != "" && len(l.instances) > 0 && m.alert == nil && m.vrrp == nil:
		l.notef(l.global.met.at(l.whole(), "notification_email"), "write smtp_alert", "nobody is mailed of changes of state: without smtp_alert instances and groups send none")
	}
}

// unlessEmpty shows a text where there is one.
func unlessEmpty(name, value string) []Node {
	if value == "" {
		return nil
	}
	return statement(name, value)
}
