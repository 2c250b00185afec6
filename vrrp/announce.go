package vrrp

import (
	"fmt"
	"hash/fnv"
	"time"
)

// announceTimer says when a master announces its addresses again. The first
// burst is part of becoming master.
type announceTimer struct {
	second  time.Time // the burst after Announce.Delay
	echo    time.Time // once more after a clash with another master
	lower   time.Time // and again after Announce.LowerDelay
	refresh time.Time
	count   int // of refreshes so far
}

// newAnnounceTimer starts from the first burst. The first refresh follows the
// second burst, as keepalived has it.
func newAnnounceTimer(now time.Time, in *Instance) announceTimer {
	var t announceTimer
	cfg := in.Announce
	if cfg.Delay > 0 {
		t.second = now.Add(cfg.Delay)
	}
	if cfg.Refresh > 0 {
		t.refresh = now.Add(cfg.Delay + in.refresh(0))
	}
	return t
}

// refresh is how long to wait for a refresh of the addresses: the period, and up
// to a tenth more or less. A thousand instances that became master together do
// not announce together for ever, and what a run does it does again.
func (in *Instance) refresh(count int) time.Duration {
	h := fnv.New32a()
	fmt.Fprint(h, in.Interface, in.IPv6(), in.VRID, count)
	share := time.Duration(h.Sum32()%201) - 100
	return in.Announce.Refresh + in.Announce.Refresh/1000*share
}

func (t announceTimer) deadline() time.Time {
	return earliest(earliest(t.second, t.refresh), earliest(t.echo, t.lower))
}

// expire returns how often to announce each address now; 0: nothing is due.
func (t *announceTimer) expire(now time.Time, in *Instance) (repeat int) {
	cfg := &in.Announce
	if due(now, t.second) {
		t.second = time.Time{}
		repeat = cfg.Repeat
	}
	if due(now, t.echo) {
		t.echo = time.Time{}
		repeat = max(repeat, cfg.LowerRepeat)
	}
	if due(now, t.lower) {
		t.lower = time.Time{}
		repeat = max(repeat, cfg.LowerRepeat)
	}
	if due(now, t.refresh) {
		t.count++
		t.refresh = now.Add(in.refresh(t.count))
		repeat = max(repeat, cfg.RefreshRepeat)
	}
	return repeat
}

// reclaim announces the addresses after another master was heard, and once
// more an interval later: it has told every switch and host that they are
// its own, and may go on doing so until it has heard us. Once an interval is
// enough, however often it is heard.
func (m *Machine) reclaim(now time.Time) []Action {
	cfg := &m.cfg.Announce
	if cfg.LowerRepeat == 0 || !m.clashed.IsZero() && now.Sub(m.clashed) < m.cfg.Interval {
		return nil
	}
	m.clashed = now
	m.announce.echo = now.Add(m.cfg.Interval)
	if cfg.LowerDelay > 0 {
		m.announce.lower = now.Add(cfg.LowerDelay)
	}
	return []Action{Burst{cfg.LowerRepeat}}
}
