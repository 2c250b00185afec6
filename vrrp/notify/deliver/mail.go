package deliver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/tandem-ha/tandem/vrrp/notify"
)

// defaultMailTimeout is for one attempt, connect to quit.
const defaultMailTimeout = 30 * time.Second

// mails tells that there is somebody to send mail to, by somebody.
func (d *Deliverer) mails() bool { return len(d.config.Mail.To) > 0 && d.config.Mail.Server != "" }

// post sends the next mail, if there is one.
func (d *Deliverer) post(ctx context.Context, now time.Time) {
	if d.posting || d.closed || !d.mails() {
		return
	}
	letter, ok := d.mailbox.Due(now, len(d.stops) > 0)
	d.counted(func(c *Counts) { c.MailsGivenUp = d.mailbox.GivenUp })
	if !ok {
		return
	}
	own, cancel := context.WithCancel(ctx)
	d.posting, d.unpost, d.subject = true, cancel, letter.Subject
	to := d.config.Mail
	d.tasks.Go(func() {
		defer cancel()
		err := send(own, to, letter)
		if err == nil {
			d.log.Info("mail sent", "subject", letter.Subject)
		}
		select {
		case d.posted <- err:
		case <-ctx.Done():
		}
	})
}

// mailed takes how a mail went.
func (d *Deliverer) mailed(err error) {
	d.posting = false
	if err == nil {
		d.mailbox.Sent()
		d.trouble("mail to "+d.config.Mail.Server, "")
		d.counted(func(c *Counts) { c.Mails++ })
		return
	}
	again := d.mailbox.Failed(time.Now())
	d.counted(func(c *Counts) { c.Mails++; c.MailsFailed++ })
	if d.closed {
		cut := fmt.Sprintf("mail %q to server %s", d.subject, d.config.Mail.Server)
		if n := d.mailbox.Waiting() - 1; n > 0 {
			cut += fmt.Sprintf(" and of %d more", n)
		}
		d.cut = append(d.cut, cut)
		return
	}
	d.trouble("mail to "+d.config.Mail.Server, err.Error())
	d.log.Warn("send mail", "error", err, "again_in", time.Until(again).Round(time.Second).String())
}

// send gives one mail to the server. TLS is used where the server offers it,
// whoever its certificate is for: without it the same mail would go in the clear,
// as keepalived sends it (opportunistic security, RFC 7435).
func send(ctx context.Context, m notify.Mail, l notify.Letter) error {
	limit := m.Timeout
	if limit == 0 {
		limit = defaultMailTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, 2*limit)
	defer cancel()
	host := hostname()
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from := m.From
	if from == "" {
		from = "tandem@" + host
	}
	if err := msg.From(whole(from, host)); err != nil {
		return fmt.Errorf("write mail from %s: %w", from, err)
	}
	for _, to := range m.To {
		if err := msg.AddTo(whole(to, host)); err != nil {
			return fmt.Errorf("write mail to %s: %w", to, err)
		}
	}
	msg.Subject(l.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("X-Mailer", "tandem")
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody is on holiday from this
	msg.SetBodyString(mail.TypeTextPlain, l.Body)

	client, err := dial(ctx, m, host, limit, mail.TLSOpportunistic)
	if err != nil && ctx.Err() == nil {
		// A server whose TLS does not work takes it in the clear.
		client, err = dial(ctx, m, host, limit, mail.NoTLS)
	}
	if err != nil {
		return fmt.Errorf("connect to mail server %s: %w", m.Server, err)
	}
	defer client.Close()
	if err := client.Send(msg); err != nil {
		return fmt.Errorf("give mail to server %s: %w", m.Server, err)
	}
	return nil
}

// hostname is what this host is called.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// whole is an address with its host: without one it is of this one, as the mail
// server would take it (RFC 5321 section 2.3.5 wants it said).
func whole(address, host string) string {
	if strings.Contains(address, "@") {
		return address
	}
	return address + "@" + host
}

// dial connects to the server and greets it.
func dial(ctx context.Context, m notify.Mail, host string, limit time.Duration, policy mail.TLSPolicy) (*mail.Client, error) {
	helo := m.Helo
	if helo == "" {
		helo = host
	}
	port := int(m.Port)
	if port == 0 {
		port = mail.DefaultPort
	}
	dialer := net.Dialer{}
	if m.Source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: m.Source.AsSlice(), Zone: m.Source.Zone()}
	}
	client, err := mail.NewClient(m.Server,
		mail.WithTLSPolicy(policy),
		mail.WithTLSConfig(&tls.Config{ServerName: m.Server, InsecureSkipVerify: true}),
		mail.WithPort(port), mail.WithTimeout(limit), mail.WithHELO(helo), mail.WithoutNoop(),
		mail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(dialing, network, address)
			if err == nil {
				// The library reads without regard to a context that ends.
				context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		}))
	if err != nil {
		return nil, err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, err
	}
	return client, nil
}
