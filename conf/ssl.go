package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// tlsMaterial is the SSL block while it is read: the certificate and the key
// that HTTPS checks prove themselves with.
type tlsMaterial struct{ certificate, key string }

var sslBlock = block[tlsMaterial]{sslBlockName, []row[tlsMaterial]{
	text[tlsMaterial]("password", "STRING", nil).secretly().later().doc("none", "what the key is locked with"),
	text[tlsMaterial]("ca", "PATH", nil).later().doc("none", "file of the authorities that certificates of servers are checked with"),
	text("certificate", "PATH", func(m *tlsMaterial) *string { return &m.certificate }).later().doc("none", "file of the certificate to show to servers"),
	text("key", "PATH", func(m *tlsMaterial) *string { return &m.key }).later().doc("none", "file of its private key"),
}}

// readSSL reads the SSL block. Of two the second counts, as in keepalived.
func readSSL(_ *none, l *loader, s *syntax.Statement) {
	l.within(sslBlockName, func() {
		if first, ok := l.root.idled("SSL"); ok {
			l.seeing(Error, s.Pos, first, "write all into one", "a second SSL replaces the one in %s", first.LineFrom(s.Pos))
			l.root.dropIdle("SSL")
		}
		var m tlsMaterial
		read(l, sslBlock, &m, s.Block)
		met := make(map[string]*syntax.Statement)
		for _, inner := range s.Block {
			if inner.Skip || inner.Refused {
				continue
			}
			if first := met[inner.Keyword()]; first != nil {
				l.seeing(Error, inner.Pos, first.Pos, "", "a second %s replaces the one in %s", inner.Keyword(), first.Pos.LineFrom(inner.Pos))
				first.Refused = true
			}
			met[inner.Keyword()] = inner
		}
		if m.certificate != "" && m.key == "" {
			l.warnf(s.Pos, "write key and its file, unless the file of the certificate holds it too", "there is a certificate but no key")
		}
	})
}
