package conf

import (
	"github.com/tandem-ha/tandem/vrrp"
)

// judgeManners drops what the rest of the instance makes void.
func (in *instance) judgeManners(l *loader) {
	m := &in.Manners
	if m.DownAdverts == defaultDownAdverts {
		m.DownAdverts = 0
	}
	if in.Priority != vrrp.PriorityOwner {
		if pos, said := in.met.find("owner_ignore_adverts"); said && m.OwnerIgnoresAdverts {
			l.errorf(pos, "", "owner_ignore_adverts is ignored: it is for the owner of the addresses, of priority 255")
		}
		m.OwnerIgnoresAdverts = false
	}
	if m.TimerExpiredBackup != 0 && !in.NoPreempt {
		l.errorf(in.met.at(in.pos, "timer_expired_backup", "thread_timer_expired"), "", "timer_expired_backup is ignored: it is for an instance with nopreempt")
		m.TimerExpiredBackup = 0
	}
	if m.TrackSource && !in.Source.IsValid() {
		l.warnf(in.met.at(in.pos, "track_src_ip"), "write mcast_src_ip or unicast_src_ip", "track_src_ip has no effect: the source is whatever address the interface has")
		m.TrackSource = false
	}
	if m.FaultWithoutPeer && len(in.Peers) == 0 {
		l.warnf(in.met.at(in.pos, "unicast_fault_no_peer"), "write unicast_peer { ... }", "the instance stays in FAULT: there is no unicast_peer, and unicast_fault_no_peer is set")
	}
}
