package deliver

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify"
)

// sink is a mail server that keeps what it gets.
type sink struct {
	net.Listener
	// offers is what it says to EHLO besides its name.
	offers []string
	// refuse is an answer to MAIL instead of 250; empty: none.
	refuse string

	mu       sync.Mutex
	sessions [][]string // the lines that clients have sent
	mails    []string
}

func listen(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &sink{Listener: l}
	t.Cleanup(func() { l.Close() })
	return s
}

func (s *sink) serve() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		s.session(c)
	}
}

// session is one client of RFC 5321.
func (s *sink) session(c net.Conn) {
	defer c.Close()
	in := bufio.NewScanner(c)
	var said []string
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions = append(s.sessions, said)
	}()
	fmt.Fprint(c, "220 sink\r\n")
	for in.Scan() {
		line := in.Text()
		said = append(said, line)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO":
			for _, o := range s.offers {
				fmt.Fprintf(c, "250-%s\r\n", o)
			}
			fmt.Fprint(c, "250 sink\r\n")
		case "STARTTLS":
			fmt.Fprint(c, "454 not today\r\n")
		case "MAIL":
			if s.refuse != "" {
				fmt.Fprint(c, s.refuse+"\r\n")
				continue
			}
			fmt.Fprint(c, "250 ok\r\n")
		case "DATA":
			fmt.Fprint(c, "354 go\r\n")
			var text []string
			for in.Scan() && in.Text() != "." {
				text = append(text, in.Text())
			}
			fmt.Fprint(c, "250 taken\r\n")
			s.mu.Lock()
			s.mails = append(s.mails, strings.Join(text, "\n"))
			s.mu.Unlock()
		case "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *sink) config() notify.Config {
	addr := s.Addr().(*net.TCPAddr)
	return notify.Config{
		RouterID:  "lb1",
		Instances: map[string]notify.Hooks{"VI_1": {Mail: true}, "silent": {}},
		Groups:    map[string]notify.Hooks{"G": {Mail: true}},
		Mail: notify.Mail{To: []string{"ops@example.net", "duty"}, From: "lb@example.net", Helo: "lb1.example.net",
			Server: "127.0.0.1", Port: uint16(addr.Port), Timeout: 5 * time.Second},
	}
}

// TestMail: what happens before a stop is mailed by it, one mail for all changes
// of an instance.
func TestMail(t *testing.T) {
	s := listen(t)
	go s.serve()
	d, _ := start(t, s.config(), nil)
	for i := range 100 {
		d.Notice(to("VI_1", vrrp.Fault, []vrrp.State{vrrp.Backup, vrrp.Master}[i%2]))
	}
	d.Notice(to("silent", vrrp.Backup, vrrp.Master))
	stopIt(t, d)
	mails := s.got()
	if len(mails) != 1 {
		t.Fatalf("%d mails: %q", len(mails), mails)
	}
	for _, has := range []string{
		"Subject: [lb1] VRRP Instance VI_1 - Entering MASTER state (100 changes)", "From: <lb@example.net>", "X-Mailer: tandem",
		"<ops@example.net>", "<duty@" + hostname() + ">", "VRRP Instance is now owning VRRP VIPs",
	} {
		if !strings.Contains(strings.ReplaceAll(mails[0], "\n ", " "), has) {
			t.Errorf("no %q in\n%s", has, mails[0])
		}
	}
	eventually(t, "the session is over", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.sessions) == 1 })
	session := s.sessions[0]
	for _, line := range []string{"EHLO lb1.example.net", "RCPT TO:<ops@example.net>", "RCPT TO:<duty@" + hostname() + ">", "QUIT"} {
		if !slices.Contains(session, line) {
			t.Errorf("no %q in %q", line, session)
		}
	}
}

// TestMailWithoutTLS: a server that offers TLS and cannot do it gets the mail all
// the same.
func TestMailWithoutTLS(t *testing.T) {
	s := listen(t)
	s.offers = []string{"STARTTLS"}
	go s.serve()
	d, _ := start(t, s.config(), nil)
	d.Notice(vrrp.GroupTransition{Group: "G", At: time.Now(), From: vrrp.Backup, To: vrrp.Master})
	stopIt(t, d)
	if mails := s.got(); len(mails) != 1 || !strings.Contains(mails[0], "[lb1] VRRP Group G - Entering MASTER state") {
		t.Errorf("mails %q", mails)
	}
}

// TestMailRefused: a server that takes nothing, or is not there, holds up neither
// programs nor the stop.
func TestMailRefused(t *testing.T) {
	s := listen(t)
	s.refuse = "550 nobody knows you"
	go s.serve()
	gone := listen(t)
	gone.Close()
	for name, c := range map[string]notify.Config{"it refuses": s.config(), "it is not there": gone.config()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			h := hooks(t, dir, "a")
			h.Mail = true
			c.Instances["VI_1"] = h
			d, _ := start(t, c, nil)
			d.Notice(to("VI_1", vrrp.Backup, vrrp.Master))
			eventually(t, "the programs have run", func() bool { return len(lines(t, dir)) == 2 })
			stopIt(t, d)
			if n := d.Counts(); n.MailsFailed != 1 || n.Mails != 1 {
				t.Errorf("counts %+v", n)
			}
			if got := troubles(d); len(got) != 1 || !strings.HasPrefix(got[0], "mail to "+c.Mail.Server+": ") {
				t.Errorf("troubles %q", got)
			}
		})
	}
}
