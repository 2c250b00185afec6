package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// mailRows are the keywords of global_defs about mail.
var mailRows = []row[globals]{
	custom("notification_email", "{ ADDRESS ... }", (*globals).checkRecipients).later().withOthers("mail", "no mail is sent").
		doc("nobody", "who gets mail about state changes"),
	text[globals]("notification_email_from", "ADDRESS", nil).later().withOthers("mail", "no mail is sent").
		doc("keepalived@HOST", "the sender of that mail"),
	custom("smtp_server", "HOST [PORT]", (*globals).checkMailServer).later().withOthers("mail", "no mail is sent").
		doc("none; port 25", "the server that takes the mail"),
	text[globals]("smtp_helo_name", "STRING", nil).later().withOthers("mail", "no mail is sent").
		doc("the host name", "how the sender names itself to that server"),
	custom("smtp_connect_timeout", "1..4294", (*globals).checkMailTimeout).later().withOthers("mail", "no mail is sent").
		doc("30", "seconds to wait for that server"),
	boolean[globals]("smtp_alert", nil).later().withOthers("mail", "no mail is sent").
		doc("as each block says", "whether state changes are mailed, where a block does not say"),
	boolean[globals]("smtp_alert_vrrp", nil).later().withOthers("mail", "no mail is sent").
		doc("as smtp_alert", "the same, for instances and groups only"),
	boolean[globals]("smtp_alert_checker", nil).later().withOthers("mail", "no mail is sent").
		doc("as smtp_alert", "the same, for virtual and real servers only"),
	plain[globals]("no_email_faults", nil).later().withOthers("mail", "no mail is sent").
		doc("off", "no mail about the state FAULT"),
	boolean[globals]("no_checker_emails", nil).later().withOthers("mail", "no mail is sent").
		doc("off", "mail only when a real server comes or goes, not for each check"),
}

// checkRecipients checks notification_email: every word is an address.
func (g *globals) checkRecipients(l *loader, s *syntax.Statement) {
	n := 0
	for _, e := range l.entries(s) {
		for _, w := range e.Words {
			l.printable(s.Keyword(), w)
			n++
		}
	}
	if n == 0 {
		l.warnf(s.Pos, "write one address a line", "%s names nobody", s.Keyword())
	}
}

// checkMailServer checks smtp_server. The name is not looked up: it may be one
// that only the running director can resolve.
func (g *globals) checkMailServer(l *loader, s *syntax.Statement) {
	l.printable(s.Keyword(), s.Words[1])
	if args := s.Args(); len(args) > 1 {
		l.number(s.Keyword()+" "+quote(args[0].Text)+": the port", args[1], 1, 65535)
	}
}

// checkMailTimeout checks smtp_connect_timeout, of which 0 would be no time at
// all.
func (g *globals) checkMailTimeout(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 0, maxDelay); ok && n == 0 {
		l.errorf(s.Words[1].Pos, "", "%s 0 makes no sense: 1 is used", s.Keyword())
	}
}
