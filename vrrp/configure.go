package vrrp

import (
	"reflect"
	"slices"
	"time"
)

// configure takes a new configuration without a change of role. Nothing here
// may make a peer believe that the master died.
func (m *Machine) configure(now time.Time, cfg Instance) []Action {
	old, before := m.cfg, m.priority()
	m.lastSource = m.sender()
	m.cfg, m.floating = cfg, cfg.Floating()
	if cfg.Priority != PriorityOwner {
		m.deposed = false
	}
	if !m.down.learned {
		m.down.interval = cfg.Interval
	}
	if m.state == Master {
		// A longer interval is announced by the advert that is due by the
		// shorter one: until it comes the backups count with that.
		m.adverDue = earliest(m.adverDue, m.sent.Add(cfg.Interval))
		if cfg.Announce != old.Announce {
			m.announce.refresh = time.Time{}
			if cfg.Announce.Refresh > 0 {
				m.announce.refresh = now.Add(cfg.refresh(m.announce.count))
			}
		}
	}
	acts := m.judge(now)
	if len(acts) == 0 && m.state != Init && !reflect.DeepEqual(old.wish(true), cfg.wish(true)) {
		acts = []Action{Addresses{m.state == Master}}
	}
	return append(acts, m.priorityChange(now, before, "configuration")...)
}

// Status returns what the machine knows of itself; the times and counters of messages are the router's.
func (m *Machine) Status(now time.Time) Status {
	s := Status{
		Name: m.cfg.Name, Interface: m.cfg.Interface, VRID: m.cfg.VRID, Version: m.cfg.Version,
		State: m.state, Since: m.since, Reason: m.reason.String(),
		Priority: m.priority(), Base: m.cfg.Priority, Interval: m.cfg.Interval,
		Addresses: m.floating,
		Holds:     slices.Clone(m.holds),
	}
	if m.detail != "" {
		s.Reason += ": " + m.detail
	}
	if m.state == Backup {
		s.Interval = m.down.interval
		if m.down.learned {
			s.Master, s.MasterPriority = m.leader.From, m.leader.Advert.Priority
		}
		if now.Before(m.preemptAt) {
			s.Holds = append(s.Holds, "preempt_delay")
		}
		if now.Before(m.quietUntil) {
			s.Holds = append(s.Holds, "start delayed for "+m.quietUntil.Sub(now).Round(time.Second).String())
		}
		if m.link.Silent {
			s.Holds = append(s.Holds, "nobody else heard on "+m.cfg.Interface+" since it came up: it may not forward yet")
		}
	}
	s.Counters.LateWakeups = m.overslept
	return s
}
