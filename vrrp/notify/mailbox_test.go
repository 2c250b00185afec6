package notify

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

// post lets time pass as an edge does, and returns the mail until then with its
// second.
type post struct {
	*Mailbox
	teller *Teller
	now    time.Time
	sent   []string
	bodies []string
	down   bool // no server takes mail
}

func newPost() *post {
	p := &post{Mailbox: NewMailbox(), teller: NewTeller(), now: noon}
	p.Set(Config{RouterID: "lb1"})
	return p
}

func (p *post) happens(n vrrp.Notice) {
	switch t := n.(type) {
	case vrrp.Transition:
		t.At = p.now
		n = t
	case vrrp.GroupTransition:
		t.At = p.now
		n = t
	}
	e, _ := p.teller.Notice(n)
	p.Add(e)
}

func (p *post) pass(d time.Duration) {
	for end := p.now.Add(d); ; {
		next := p.Next()
		if next.IsZero() || next.After(end) {
			p.now = end
			return
		}
		if next.After(p.now) {
			p.now = next
		}
		l, ok := p.Due(p.now, false)
		switch {
		case !ok:
		case p.down:
			p.Failed(p.now)
		default:
			p.sent = append(p.sent, fmt.Sprintf("%v %s", p.now.Sub(noon), l.Subject))
			p.bodies = append(p.bodies, l.Body)
			p.Sent()
		}
	}
}

func TestMail(t *testing.T) {
	tests := []struct {
		name string
		do   func(p *post)
		want []string
	}{
		{"a change that stays", func(p *post) { p.happens(to("VI_1", vrrp.Backup, vrrp.Master)) },
			[]string{"5s [lb1] VRRP Instance VI_1 - Entering MASTER state"}},
		{"every state, with minutes in between", func(p *post) {
			for _, s := range [][2]vrrp.State{{vrrp.Master, vrrp.Backup}, {vrrp.Backup, vrrp.Fault}, {vrrp.Fault, vrrp.Init}} {
				p.happens(to("VI_1", s[0], s[1]))
				p.pass(2 * time.Minute)
			}
		}, []string{"5s [lb1] VRRP Instance VI_1 - Entering BACKUP state", "2m5s [lb1] VRRP Instance VI_1 - Entering FAULT state", "4m5s [lb1] VRRP Instance VI_1 - Stopping"}},
		{"a start is no news", func(p *post) {
			p.happens(to("VI_1", vrrp.Init, vrrp.Backup))
			p.happens(groupTo("G", vrrp.Init, vrrp.Backup))
		}, nil},
		{"what follows a start counts by itself", func(p *post) {
			p.happens(to("VI_1", vrrp.Init, vrrp.Backup))
			p.pass(2 * time.Minute)
			p.happens(to("VI_1", vrrp.Backup, vrrp.Master))
		}, []string{"2m5s [lb1] VRRP Instance VI_1 - Entering MASTER state"}},
		{"a start that follows a stop joins it", func(p *post) {
			p.happens(to("VI_1", vrrp.Master, vrrp.Init))
			p.happens(to("VI_1", vrrp.Init, vrrp.Backup))
		}, []string{"5s [lb1] VRRP Instance VI_1 - Entering BACKUP state (2 changes)"}},
		{"a group", func(p *post) { p.happens(groupTo("G", vrrp.Backup, vrrp.Master)) },
			[]string{"5s [lb1] VRRP Group G - Entering MASTER state"}},
		{"a hundred changes in a minute", func(p *post) {
			for i := range 100 {
				p.happens(to("VI_1", vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
				p.pass(600 * time.Millisecond)
			}
		}, []string{"1m0s [lb1] VRRP Instance VI_1 - Entering BACKUP state (100 changes)"}},
		{"three together have a mail each", func(p *post) {
			for _, n := range []string{"A", "B", "C"} {
				p.happens(to(n, vrrp.Backup, vrrp.Master))
			}
		}, []string{"5s [lb1] VRRP Instance A - Entering MASTER state", "5s [lb1] VRRP Instance B - Entering MASTER state", "5s [lb1] VRRP Instance C - Entering MASTER state"}},
		{"a thousand together share one", func(p *post) {
			for n := range 1000 {
				p.happens(to(fmt.Sprint(n), vrrp.Backup, vrrp.Master))
			}
		}, []string{"5s [lb1] VRRP: 1000 instances and groups changed their state"}},
		{"who flaps for ever is mailed of once a minute", func(p *post) {
			for i := range 180 {
				p.happens(to("A", vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
				p.pass(time.Second)
			}
		}, []string{
			"1m0s [lb1] VRRP Instance A - Entering BACKUP state (60 changes)", "2m0s [lb1] VRRP Instance A - Entering BACKUP state (60 changes)",
			"3m0s [lb1] VRRP Instance A - Entering BACKUP state (60 changes)",
		}},
		{"no_email_faults", func(p *post) {
			p.Set(Config{RouterID: "lb1", Mail: Mail{NoFaults: true}})
			p.happens(to("A", vrrp.Backup, vrrp.Fault))
		}, nil},
		{"a server that is down for a while", func(p *post) {
			p.down = true
			p.happens(to("A", vrrp.Backup, vrrp.Master))
			p.pass(30 * time.Second)
			p.happens(to("A", vrrp.Master, vrrp.Backup))
			p.pass(2 * time.Minute)
			p.down = false
		}, []string{"2m35s [lb1] VRRP Instance A - Entering BACKUP state (2 changes)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPost()
			tt.do(p)
			p.pass(10 * time.Minute)
			if d := cmp.Diff(tt.want, p.sent); d != "" {
				t.Error(d)
			}
			if !p.Empty() {
				t.Error("something is left")
			}
		})
	}
}

// TestRateLimit: many instances that change one after the other make no more
// mail than the limit lets through, and all of them are told of.
func TestRateLimit(t *testing.T) {
	p := newPost()
	for n := range 100 {
		p.happens(to(fmt.Sprintf("VI_%03d", n), vrrp.Backup, vrrp.Master))
		p.pass(time.Second)
	}
	p.pass(time.Hour)
	if most := mailBurst + int(2*time.Minute/mailEvery) + 1; len(p.sent) > most {
		t.Errorf("%d mails, at most %d are expected", len(p.sent), most)
	}
	everything := strings.Join(append(p.sent, p.bodies...), "\n")
	for n := range 100 {
		if !strings.Contains(everything, fmt.Sprintf("VI_%03d", n)) {
			t.Errorf("nobody is told of VI_%03d", n)
		}
	}
}

func TestGiveUp(t *testing.T) {
	p := newPost()
	p.down = true
	p.happens(to("A", vrrp.Backup, vrrp.Master))
	p.pass(2 * time.Hour)
	if !p.Empty() || p.GivenUp != 1 {
		t.Errorf("after two hours %d are given up", p.GivenUp)
	}
}

func TestBody(t *testing.T) {
	p := newPost()
	n := to("VI_1", vrrp.Init, vrrp.Backup)
	n.Reason = vrrp.Started
	p.happens(n)
	p.now = p.now.Add(time.Hour)
	n = to("VI_1", vrrp.Backup, vrrp.Master)
	n.Peer, n.PeerPriority = netip.MustParseAddr("192.0.2.3"), 150
	p.happens(n)
	p.now = p.now.Add(time.Second)
	n = to("VI_1", vrrp.Master, vrrp.Backup)
	n.Reason, n.Detail, n.Peer, n.PeerPriority = vrrp.HigherPriority, "it is back", netip.MustParseAddr("192.0.2.3"), 150
	p.happens(n)
	p.pass(time.Minute)
	const want = `=> VRRP Instance is no longer owning VRRP VIPs <=

2 changes of state since 2026-01-02T13:00:00Z.
2026-01-02 12:00:00.000 +0000  INIT -> BACKUP  started, priority 100
2026-01-02 13:00:00.000 +0000  BACKUP -> MASTER  no master heard, priority 100, last master 192.0.2.3 with priority 150
2026-01-02 13:00:01.000 +0000  MASTER -> BACKUP  heard a higher priority (it is back), priority 100, other master 192.0.2.3 with priority 150
`
	if d := cmp.Diff([]string{want}, p.bodies); d != "" {
		t.Error(d)
	}
}
