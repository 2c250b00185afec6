package vrrp

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

func BenchmarkStepReceived(b *testing.B) {
	m := NewMachine(testInstance())
	m.Step(epoch, linkUp)
	m.Step(epoch, Start{})
	var ev Event = hear(200)
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(interval)
		m.Step(now, ev)
	}
}

func BenchmarkStepExpired(b *testing.B) {
	m := NewMachine(testInstance())
	m.Step(epoch, linkUp)
	m.Step(epoch, Start{})
	m.Step(epoch.Add(down), Expired{})
	b.ReportAllocs()
	for b.Loop() {
		m.Step(m.Deadline(), Expired{})
	}
}

// sink is a network and host that does nothing.
type sink struct{ frames chan Frame }

func (s sink) Frames() <-chan Frame                 { return s.frames }
func (s sink) Send(batch []Outgoing) []error        { return make([]error, len(batch)) }
func (s sink) Listen([]Listen, func(Hearing))       {}
func (s sink) Want(string, Wish)                    {}
func (s sink) Announce(instance string, repeat int) {}
func (s sink) Forget(instance string)               {}
func (s sink) Together(do func())                   { do() }

// thousand returns a loop with 1000 instances, all master or all backup.
func thousand(b *testing.B, master bool) *loop {
	b.Helper()
	var cfg Config
	for i := range 1000 {
		in := testInstance()
		in.Name, in.Interface, in.VRID = fmt.Sprintf("VI_%d", i), fmt.Sprintf("eth%d", i/250), uint8(i%250+1)
		cfg.Instances = append(cfg.Instances, in)
	}
	s := sink{make(chan Frame, 1000)}
	r := NewRouter(cfg, s, s, slog.New(slog.DiscardHandler))
	l := newLoop(r)
	l.configure(epoch, cfg)
	for i := range 4 {
		l.setHearing(listens(cfg), Hearing{Interface: fmt.Sprintf("eth%d", i)})
		l.setLink(LinkState{Name: fmt.Sprintf("eth%d", i), Exists: true, Up: true, Primary: ours})
	}
	if master {
		for _, in := range l.instances {
			l.step(in, Takeover{})
		}
	}
	l.flush()
	return l
}

// BenchmarkRouter1000 is one advertisement interval of 1000 instances: each
// sends one advert, or hears one.
func BenchmarkRouter1000(b *testing.B) {
	b.Run("master", func(b *testing.B) {
		l := thousand(b, true)
		b.ReportAllocs()
		for b.Loop() {
			l.now = l.now.Add(interval)
			l.expire()
			l.flush()
		}
	})
	b.Run("backup", func(b *testing.B) {
		l := thousand(b, false)
		frames := make([]Frame, len(l.instances))
		for i, in := range l.instances {
			payload, err := in.cfg.advert(200).Marshal(higher, advert.Group4)
			if err != nil {
				b.Fatal(err)
			}
			frames[i] = Frame{Interface: in.cfg.Interface, Src: higher, Dst: advert.Group4, TTL: 255, Payload: payload}
		}
		b.ReportAllocs()
		for b.Loop() {
			l.now = l.now.Add(time.Second)
			for _, f := range frames {
				l.receive(f)
			}
			l.flush()
		}
	})
}

func BenchmarkSnapshot1000(b *testing.B) {
	l := thousand(b, true)
	b.ReportAllocs()
	for b.Loop() {
		l.publish()
	}
}

// BenchmarkReload1000 is a reload that changes nothing, with every two instances
// in a sync group: no advert may wait for it.
func BenchmarkReload1000(b *testing.B) {
	l := thousand(b, true)
	cfg := l.cfg
	for i := 0; i < len(cfg.Instances); i += 2 {
		cfg.Groups = append(cfg.Groups, Group{Name: fmt.Sprint(i), Members: []string{cfg.Instances[i].Name, cfg.Instances[i+1].Name}})
	}
	b.ReportAllocs()
	for b.Loop() {
		l.configure(l.now, cfg)
		l.flush()
	}
}
