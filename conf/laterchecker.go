package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// The checkers that are not built yet. What stands in them is checked, so that
// a file is right on the day that they are.

// unbuiltCheckers are all of them, with the blocks in them.
var unbuiltCheckers = []table{
	sslGetBlock, sslURLBlock, smtpBlock, smtpHostBlock, dnsBlock, miscBlock, udpBlock, pingBlock, bfdCheckBlock, fileCheckBlock,
}

// unbuiltCheck is a check that is not built yet; judge, if any, reports what it
// could not do without. Its braces may only be missing where it could do
// without anything in them.
func unbuiltCheck(inner block[checker], judge func(*checker, *loader) bool) row[server] {
	args := "[{ }]"
	if judge != nil {
		args = "{ }"
	}
	return custom(inner.name, args, func(_ *server, l *loader, s *syntax.Statement) {
		c := checker{pos: s.Pos}
		l.within(inner.name, func() {
			c.met = read(l, inner, &c, s.Block)
			s.Refused = judge != nil && !judge(&c, l)
		})
	}).later().holding(inner)
}

// mustHave reports a check that lacks a keyword.
func mustHave(keyword, what string) func(*checker, *loader) bool {
	return func(c *checker, l *loader) bool {
		if !c.met.has(keyword) {
			l.errorf(c.pos, "write "+keyword, "the check is ignored: it lacks %s, %s", keyword, what)
		}
		return c.met.has(keyword)
	}
}

var sslGetBlock = block[checker]{"SSL_GET", slices.Concat(connectRows(), webRows(), []row[checker]{
	boolean[checker]("enable_sni", nil).doc("off", "the name of the server is sent in the clear of the TLS handshake"),
	overwriting(text("sni_name", "STRING", func(c *checker) *string { return &c.name }), func(c *checker) string { return c.name }).
		doc("the virtualhost", "the name that enable_sni sends"),
	boolean[checker]("tls_compliant", nil).doc("off", "the end of the connection is announced"),
	custom("url", "{ }", func(c *checker, l *loader, s *syntax.Statement) { c.readRequest(l, s, sslURLBlock) }).holding(sslURLBlock).
		doc("none", "one request; there may be several, and each must pass"),
})}

var sslURLBlock = block[request]{"url", slices.Concat(requestRows(), []row[request]{
	boolean[request]("tls_compliant", nil).doc("that of the check", "the end of the connection is announced"),
})}

var smtpBlock = block[checker]{"SMTP_CHECK", slices.Concat(connectRows(), []row[checker]{
	overwriting(text("helo_name", "STRING", func(c *checker) *string { return &c.name }), func(c *checker) string { return c.name }).
		doc("smtpchecker.keepalived.org", "the name that the check gives itself"),
	custom("host", "{ }", func(_ *checker, l *loader, s *syntax.Statement) {
		var c checker
		l.within("host", func() { read(l, smtpHostBlock, &c, s.Block) })
	}).holding(smtpHostBlock).doc("none", "a further target; most builds of keepalived do not know it: write an SMTP_CHECK for each"),
})}

var smtpHostBlock = block[checker]{"host", connectRows()}

var dnsBlock = block[checker]{"DNS_CHECK", slices.Concat(connectRows(), []row[checker]{
	custom("type", strings.Join(dnsTypes, "|"), func(_ *checker, l *loader, s *syntax.Statement) {
		if w := s.Words[1]; !slices.Contains(dnsTypes, strings.ToUpper(w.Text)) {
			l.invalid(s.Keyword(), w, "it takes "+alternatives(dnsTypes))
		}
	}).doc("SOA", "the type of the record that is asked for, in any case"),
	custom("name", "DOMAIN", (*checker).checkDomain).doc(".", "the name that is asked for"),
})}

var dnsTypes = []string{"A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"}

// checkDomain reads a domain name, which has labels of 1 to 63 bytes and 253 in
// all (RFC 1035 section 2.3.4). The first of two counts, as in keepalived.
func (c *checker) checkDomain(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	name := strings.TrimSuffix(w.Text, ".")
	bad := slices.ContainsFunc(strings.Split(name, "."), func(label string) bool { return label == "" || len(label) > 63 })
	switch {
	case w.Text != "." && (bad || len(name) > 253):
		l.invalid(s.Keyword(), w, "a domain name has labels of 1 to 63 bytes with dots between, and 253 bytes in all")
	case c.name != "":
		l.errorf(s.Pos, "write a DNS_CHECK for each name", "name %s is ignored: the check asks for %s already", quote(w.Text), quote(c.name))
	default:
		c.name = w.Text
	}
}

var pingBlock = block[checker]{"PING_CHECK", connectRows()}

var udpBlock = block[checker]{"UDP_CHECK", slices.Concat(connectRows(), []row[checker]{
	custom("payload", "HEX ...", func(_ *checker, l *loader, s *syntax.Statement) {
		l.hexBytes(s, "0123456789abcdef")
	}).doc("random bytes", "the datagram that is sent"),
	custom("require_reply", "[HEX ...]", func(_ *checker, l *loader, s *syntax.Statement) {
		l.hexBytes(s, "0123456789abcdefx")
	}).doc("off", "a reply must come, and have these bytes; X stands for any digit"),
	inRange[checker]("min_reply_length", 0, math.MaxUint16).doc("0", "a shorter reply is a failure"),
	inRange[checker]("max_reply_length", 0, math.MaxUint16).doc("255", "a longer reply is a failure"),
})}

// hexBytes checks words of hexadecimal digits, two of which are a byte.
func (l *loader) hexBytes(s *syntax.Statement, digits string) {
	for _, w := range s.Args() {
		i := strings.IndexFunc(strings.ToLower(w.Text), func(r rune) bool { return !strings.ContainsRune(digits, r) })
		switch {
		case i >= 0:
			l.invalid(s.Keyword(), w, "it takes bytes of two hexadecimal digits each, and "+strconv.Quote(w.Text[i:i+1])+" is none")
		case len(w.Text)%2 != 0:
			l.invalid(s.Keyword(), w, "it takes bytes of two hexadecimal digits each, and one is missing")
		}
	}
}

var miscBlock = block[checker]{"MISC_CHECK", slices.Concat([]row[checker]{
	command[checker]("misc_path").doc("none: it must be said", "the program: exit status 0 means up"),
	inRange[checker]("misc_timeout", 0, math.MaxInt32).doc("delay_loop", "the seconds after which the program is killed"),
	plain[checker]("misc_dynamic", nil).doc("off", "an exit status from 2 on sets the weight, to 2 less"),
	account[checker]("user").doc("script_user of global_defs", "whom the program runs as"),
}, slices.DeleteFunc(timingRows(0, checkerTiming, func(c *checker) *timing { return &c.timing }), func(r row[checker]) bool {
	return r.name == "connect_timeout"
}), reportRows())}

var bfdCheckBlock = block[checker]{"BFD_CHECK", []row[checker]{
	custom("name", "INSTANCE", func(_ *checker, l *loader, s *syntax.Statement) { l.track(trackedBFD, s.Words[1]) }).
		doc("none: it must be said", "the bfd_instance that must be up"),
	boolean[checker]("alpha", nil).doc("that of the real_server", "the server counts as down until the session is up"),
}}

var fileCheckBlock = block[checker]{"FILE_CHECK", []row[checker]{
	custom("track_file", "NAME", func(_ *checker, l *loader, s *syntax.Statement) { l.track(trackedFile, s.Words[1]) }).
		doc("none: it must be said", "the track_file whose number counts"),
	custom("weight", "N [reverse|noreverse]", func(_ *checker, l *loader, s *syntax.Statement) {
		l.number(s.Keyword(), s.Words[1], -math.MaxInt32, math.MaxInt32)
		if args := s.Args(); len(args) > 1 && args[1].Text != "reverse" && args[1].Text != "noreverse" {
			l.invalid(s.Keyword(), args[1], "behind the number it takes reverse or noreverse")
		}
	}).doc("that of the track_file", "what the number in the file is multiplied by"),
}}
