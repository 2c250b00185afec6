package notify

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// The pace of mail. A change of state that stays is mailed after mailQuiet; who
// flaps is mailed of once in mailMost, with a list.
const (
	mailQuiet = 5 * time.Second
	mailMost  = time.Minute
	// mailSingles is how many subjects that are due together get a mail each;
	// more share one.
	mailSingles = 3
	// mailBurst mails may leave at once, and one more every mailEvery.
	mailBurst = 10
	mailEvery = 30 * time.Second
	// A mail that no server takes is tried again after mailRetry, then after twice
	// that, up to mailRetryMost; what is older than mailKeep is given up.
	mailRetry     = 10 * time.Second
	mailRetryMost = 5 * time.Minute
	mailKeep      = time.Hour
)

// Mailbox decides which mail is sent when. What happens until then joins it: a
// hundred changes in a minute are one mail. It is not safe for concurrent use.
type Mailbox struct {
	routerID string
	noFaults bool
	waiting  map[Subject]*bunch
	begun    map[Subject]Event // starts that the next mail tells of
	sending  []*bunch          // that are in the mail that has been given out
	spare    float64           // mails that may leave now
	counted  time.Time
	retry    time.Time // not before
	failures int       // in a row

	GivenUp int // changes of state that no mail could tell, ever
}

// NewMailbox makes an empty one.
func NewMailbox() *Mailbox {
	return &Mailbox{waiting: make(map[Subject]*bunch), begun: make(map[Subject]Event), spare: mailBurst}
}

// Set takes what the configuration says of mail.
func (m *Mailbox) Set(c Config) { m.routerID, m.noFaults = c.RouterID, c.Mail.NoFaults }

// Add takes a change of state that is to be mailed. That a backup has started is
// no news, in keepalived neither: it stands before what happens next.
func (m *Mailbox) Add(e Event) {
	if e.Kind != StateChange || m.noFaults && e.Word == faultWord {
		return
	}
	b := m.waiting[e.Subject]
	if b == nil && e.From == vrrp.Init && e.To == vrrp.Backup {
		m.begun[e.Subject] = e
		return
	}
	if b == nil {
		b = &bunch{}
		m.waiting[e.Subject] = b
		if start, ok := m.begun[e.Subject]; ok {
			b.events = append(b.events, start)
			delete(m.begun, e.Subject)
		}
	}
	b.add(e)
}

// Next is when there may be a mail to send; zero: not before something is added
// or the one that is being sent has left.
func (m *Mailbox) Next() time.Time {
	var next time.Time
	if m.sending != nil {
		return next
	}
	for _, b := range m.waiting {
		if at := b.due(); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if !next.IsZero() && m.retry.After(next) {
		return m.retry
	}
	return next
}

// due is when a bunch is mailed.
func (b *bunch) due() time.Time {
	quiet, most := b.last().At.Add(mailQuiet), b.first.Add(mailMost)
	if most.Before(quiet) {
		return most
	}
	return quiet
}

// Due is the mail to send now, and Sent or Failed are to be called for it. With
// all nothing is waited for: tandem stops. false: there is none.
func (m *Mailbox) Due(now time.Time, all bool) (Letter, bool) {
	if m.sending != nil || now.Before(m.retry) && (!all || m.failures > 0) {
		return Letter{}, false
	}
	m.giveUp(now)
	var due []*bunch
	for _, b := range m.waiting {
		if all || !b.due().After(now) {
			due = append(due, b)
		}
	}
	if len(due) == 0 {
		return Letter{}, false
	}
	slices.SortFunc(due, func(a, b *bunch) int { return compareSubjects(a.last().Subject, b.last().Subject) })
	m.spare = min(mailBurst, m.spare+float64(now.Sub(m.counted))/float64(mailEvery))
	m.counted = now
	if len(due) <= mailSingles && m.spare >= float64(len(due)) {
		due = due[:1]
	}
	if m.spare < 1 && !all {
		m.retry = now.Add(mailEvery)
		return Letter{}, false
	}
	m.spare--
	m.sending = due
	for _, b := range due {
		delete(m.waiting, b.last().Subject)
	}
	return letter(m.routerID, due), true
}

// Sent says that the mail has left.
func (m *Mailbox) Sent() { m.sending, m.failures, m.retry = nil, 0, time.Time{} }

// Failed says that nobody has taken it: it joins what has happened since. It
// returns when it is tried again.
func (m *Mailbox) Failed(now time.Time) time.Time {
	for _, b := range m.sending {
		s := b.last().Subject
		if newer := m.waiting[s]; newer != nil {
			b.events = append(b.events, newer.events...)
			b.events = b.events[max(0, len(b.events)-keptEvents):]
			b.count += newer.count
		}
		m.waiting[s] = b
	}
	m.sending = nil
	m.retry = now.Add(min(mailRetry<<min(m.failures, 10), mailRetryMost))
	m.failures++
	return m.retry
}

// giveUp drops what is too old to be news, where it is mail that has failed.
func (m *Mailbox) giveUp(now time.Time) {
	if m.failures == 0 {
		return
	}
	for s, b := range m.waiting {
		if now.Sub(b.last().At) > mailKeep {
			m.GivenUp += b.count
			delete(m.waiting, s)
		}
	}
}

// Failing tells that the last mail was not taken.
func (m *Mailbox) Failing() bool { return m.failures > 0 && m.sending == nil }

// Waiting is how many instances and groups have something that is not being sent.
func (m *Mailbox) Waiting() int { return len(m.waiting) }

// Empty tells that nothing waits and nothing is being sent.
func (m *Mailbox) Empty() bool { return len(m.waiting) == 0 && m.sending == nil }
