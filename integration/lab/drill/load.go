package drill

import (
	"context"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// The pace of everything, chosen so that one slow processor carries it all.
const (
	talkEvery  = 50 * time.Millisecond
	visitEvery = 50 * time.Millisecond
	askEvery   = 20 * time.Millisecond
	tableEvery = 50 * time.Millisecond

	// silence is how long a director may leave ARP requests unanswered and
	// still count as the owner: four answers may be lost or late, which happens
	// where the test kernel shares its processor.
	silence = 4*askEvery + askEvery/2
	// visitPatience holds one retransmission of a SYN (after 1 s).
	visitPatience = 3 * time.Second
	// late is when a new connection was noticeably held up.
	late = 500 * time.Millisecond
	// talkPatience is the silence after which a talker counts as stuck at the
	// end of a run, and silentPatience that of a silent connection's answer.
	talkPatience   = time.Second
	silentPatience = 3 * time.Second
)

// load is all traffic and all eyes of one run.
type load struct {
	talkers   *traffic.Talkers
	silent    *traffic.Silent
	newcomers *traffic.Newcomers
	probes    []*traffic.Probe // One for each VIP.
	watch     *traffic.Watch   // Of the first VIP.
	table     *traffic.Table   // nil where no real server is touched.

	targets  []netip.AddrPort        // The line echo of each VIP.
	services int                     // In which the first real server is when all is well.
	doomed   map[netip.AddrPort]bool // Clients of the server that will die.
}

// begin starts the traffic of a run on a stage.
func begin(ctx context.Context, s *stage, o Options, scenario Scenario) (l *load, err error) {
	l = &load{targets: s.targets(), services: services * len(s.plan.VIPs), doomed: map[netip.AddrPort]bool{}}
	defer func() {
		if err != nil {
			l.abort()
		}
	}()
	client := s.lab.Client()
	if l.talkers, err = traffic.StartTalkers(ctx, s.loop, client, l.targets, o.Talkers, talkEvery); err != nil {
		return nil, err
	}
	if l.silent, err = traffic.OpenSilent(ctx, client, l.targets, o.Silent); err != nil {
		return nil, err
	}
	for _, vip := range s.plan.VIPs {
		p, err := traffic.StartProbe(ctx, s.loop, client, netip.AddrPortFrom(vip, traffic.UDPPort))
		if err != nil {
			return nil, err
		}
		l.probes = append(l.probes, p)
	}
	if l.watch, err = traffic.StartWatch(s.loop, s.lab.Witness(), lab.OutsideLink, s.plan.VIPs[0], s.plan.Owner, askEvery); err != nil {
		return nil, err
	}
	if scenario.table != nil {
		l.table = traffic.StartTable(ctx, s.lab.Director(lab.A).IPVS, s.plan.Servers[0].Addr, tableEvery)
	}
	l.newcomers, err = traffic.StartNewcomers(s.loop, client, l.targets, visitEvery, visitPatience)
	return l, err
}

// doom notes whose connections end with a real server that is about to die.
func (l *load) doom(s *traffic.Server) {
	for _, c := range s.Clients() {
		l.doomed[c] = true
	}
}

// calm reports whether everything that can be expected after the event has
// come: the owner, the probe, an answer to every living talker, the table.
func (l *load) calm(now, event time.Time, s Scenario) bool {
	if s.owner != 0 && l.watch.Owners(now.Add(-silence)) != traffic.NewOwners(s.owner) {
		return false
	}
	for _, p := range l.probes {
		if now.Sub(p.Last()) > 20*traffic.Tick {
			return false
		}
	}
	if l.table != nil && l.table.Services() != *s.table*l.services {
		return false
	}
	since := event
	if recent := now.Add(-4 * talkEvery); recent.After(since) {
		since = recent
	}
	_, waiting := l.talkers.Waiting(since)
	return waiting == 0
}

// abort ends what was started, for nothing.
func (l *load) abort() {
	if l.newcomers != nil {
		l.newcomers.Stop()
	}
	if l.table != nil {
		l.table.Stop()
	}
	if l.watch != nil {
		l.watch.Stop()
	}
	for _, p := range l.probes {
		p.Stop()
	}
	if l.silent != nil {
		l.silent.Close()
	}
	if l.talkers != nil {
		l.talkers.Stop(talkPatience)
	}
}
