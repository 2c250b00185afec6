package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// judge compares the state with what is known of the link and the tracked
// items, and enters or leaves FAULT accordingly.
func (m *Machine) judge(now time.Time) []Action {
	if !m.started || !m.linkKnown {
		return nil
	}
	reason, detail, bad := m.fault()
	switch {
	case bad && m.state == Fault:
		m.reason, m.detail = reason, detail
		return nil
	case bad:
		return m.toFault(now, reason, detail)
	case m.state == Init:
		return m.startUp(now, Started)
	case m.state == Fault:
		return m.startUp(now, Recovered)
	}
	return nil
}

// relink takes what is known of the link. When it begins to forward a backup
// starts listening anew: it has heard nobody yet.
func (m *Machine) relink(now time.Time, link Link) []Action {
	silent := m.link.Silent
	m.link, m.linkKnown = link, true
	m.lastSource = m.sender()
	if m.state == Backup && silent != link.Silent {
		m.wants = false
		m.down.start, m.down.skewOnly = latest(now, m.down.start), false
	}
	return m.judge(now)
}

// waits reports whether the machine must not become master yet, whatever the
// others do.
func (m *Machine) waits(now time.Time) bool {
	return m.link.Silent || now.Before(m.quietUntil)
}

// fault returns why the machine cannot take part, if it cannot.
func (m *Machine) fault() (reason Reason, detail string, bad bool) {
	// What a dead link takes along does not count where the link does not
	// (keyword dont_track_primary).
	pardoned := !m.link.Up && m.cfg.Manners.IgnorePrimary && m.sender().IsValid()
	switch {
	case !m.link.Exists:
		return NoInterface, m.cfg.Interface, true
	case !m.link.Up && !m.cfg.Manners.IgnorePrimary:
		return LinkDown, m.cfg.Interface, true
	case !m.source().IsValid() && !pardoned:
		return NoSource, m.cfg.Interface + m.noSourceBut(), true
	case m.link.Lost && m.cfg.Manners.TrackSource:
		return NoSource, fmt.Sprintf("%s: it has no address %s any more", m.cfg.Interface, m.cfg.Source), true
	case m.cfg.Manners.FaultWithoutPeer && !m.cfg.unicast():
		return NoPeer, "", true
	case m.link.Deaf != "" && !pardoned:
		// Who hears nobody takes the addresses of a master that is alive.
		return Deaf, m.cfg.Interface + ": " + m.link.Deaf, true
	case len(m.defects) > 0:
		d := m.defects[0]
		if reason = d.As; reason == NotStarted {
			reason = Defective
		}
		return reason, because(d.Why, d.Detail), true
	case m.groupFault != "":
		return GroupFault, m.groupFault, true
	}
	return NotStarted, "", false
}

// noSourceBut tells of an address that could have been the source.
func (m *Machine) noSourceBut() string {
	if !m.link.Owned.IsValid() {
		return ""
	}
	return fmt.Sprintf(": its only address, %s, is a virtual one, which only its owner (priority 255) speaks from", m.link.Owned)
}

// source is the address that adverts come from (RFC 9568 section 5.1.1.1). The
// owner's is the virtual address itself, if that is the interface's own.
func (m *Machine) source() netip.Addr {
	switch {
	case m.cfg.Source.IsValid():
		return m.cfg.Source
	case m.cfg.Priority == PriorityOwner && m.cfg.lists(m.link.Owned):
		return m.link.Owned
	}
	return m.link.Primary
}

// sender is what an advert is sent from: source, or for the goodbye of a
// master that has just lost its address, the address it was known by.
func (m *Machine) sender() netip.Addr {
	if src := m.source(); src.IsValid() {
		return src
	}
	return m.lastSource
}

// troubled reports whether the machine is in FAULT for a reason of its own:
// one that keeps its sync group there.
func (m *Machine) troubled() bool {
	return m.state == Fault && m.reason != GroupFault
}

// setDefect puts a defect on, takes it off, or notes that it is on for another
// reason now.
func (m *Machine) setDefect(ev Defect) {
	i := slices.IndexFunc(m.defects, func(d Defect) bool { return d.Why == ev.Why })
	switch {
	case ev.On && i < 0:
		m.defects = append(m.defects, ev)
	case ev.On:
		m.defects[i] = ev
	case i >= 0:
		m.defects = slices.Delete(m.defects, i, i+1)
	}
}

// toggle adds why to a list or takes it out.
func toggle(list []string, why string, on bool) []string {
	i := slices.Index(list, why)
	switch {
	case on && i < 0:
		return append(list, why)
	case !on && i >= 0:
		return slices.Delete(list, i, i+1)
	}
	return list
}
