package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// Letter is a mail without its addresses.
type Letter struct{ Subject, Body string }

// mailed are the subjects and first lines of keepalived's mail, which filters
// of mail know: by instance or group, and by the state.
var mailed = map[bool]map[string][2]string{
	false: {
		masterWord: {"Entering MASTER state", "=> VRRP Instance is now owning VRRP VIPs <="},
		"BACKUP":   {"Entering BACKUP state", "=> VRRP Instance is no longer owning VRRP VIPs <="},
		faultWord:  {"Entering FAULT state", "=> VRRP Instance is no longer owning VRRP VIPs <="},
		Stop:       {"Stopping", "=> VRRP Instance stopping <="},
		Deleted:    {"Entering DELETED state", "=> VRRP Instance is no longer configured <="},
	},
	true: {
		masterWord: {"Entering MASTER state", "=> All VRRP group instances are now in MASTER state <="},
		"BACKUP":   {"Entering BACKUP state", "=> All VRRP group instances are now in BACKUP state <="},
		faultWord:  {"Entering FAULT state", "=> All VRRP group instances are now in FAULT state <="},
		Stop:       {"Stopping", "=> All VRRP group instances are now stopping <="},
	},
}

// noun is what a subject is called in mail.
func (s Subject) noun() string {
	if s.Group {
		return "VRRP Group " + s.Name
	}
	return "VRRP Instance " + s.Name
}

// letter writes of what has gathered: of one subject as keepalived does, and of
// several in one list.
func letter(routerID string, all []*bunch) Letter {
	if len(all) == 1 {
		e := all[0].last()
		words := mailed[e.Subject.Group][e.Word]
		return Letter{
			Subject: fmt.Sprintf("[%s] %s - %s%s", routerID, e.Subject.noun(), words[0], all[0].times()),
			Body:    words[1] + "\n\n" + all[0].details(),
		}
	}
	var b strings.Builder
	for _, one := range all {
		e := one.last()
		fmt.Fprintf(&b, "%s - %s%s\n", e.Subject.noun(), mailed[e.Subject.Group][e.Word][0], one.times())
	}
	for _, one := range all {
		fmt.Fprintf(&b, "\n%s\n%s", one.last().Subject.noun(), one.details())
	}
	return Letter{Subject: fmt.Sprintf("[%s] VRRP: %d instances and groups changed their state", routerID, len(all)), Body: b.String()}
}

// keptEvents is how many changes of a subject a letter lists.
const keptEvents = 10

// bunch is what has happened to one subject since its last mail.
type bunch struct {
	events []Event // the newest, at most keptEvents, behind the start
	count  int     // without the start
	first  time.Time
}

func (b *bunch) last() Event { return b.events[len(b.events)-1] }

func (b *bunch) add(e Event) {
	if b.count == 0 {
		b.first = e.At
	}
	b.count++
	if b.events = append(b.events, e); len(b.events) > keptEvents {
		b.events = b.events[1:]
	}
}

// times says of more than one change how many they are.
func (b *bunch) times() string {
	if b.count == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d changes)", b.count)
}

// details lists the changes.
func (b *bunch) details() string {
	var s strings.Builder
	if b.count > 1 {
		fmt.Fprintf(&s, "%d changes of state since %s.", b.count, b.first.Format(time.RFC3339))
		if b.count > len(b.events) {
			fmt.Fprintf(&s, " The last %d:", len(b.events))
		}
		s.WriteByte('\n')
	}
	for _, e := range b.events {
		fmt.Fprintf(&s, "%s  %s -> %s  %s", e.At.Format("2006-01-02 15:04:05.000 -0700"), e.From, e.Word, e.Reason)
		if e.Detail != "" {
			fmt.Fprintf(&s, " (%s)", e.Detail)
		}
		if !e.Subject.Group {
			fmt.Fprintf(&s, ", priority %d", e.Priority)
		}
		if e.Peer.IsValid() {
			which := "other"
			if e.Reason == vrrp.MasterSilent.String() {
				which = "last"
			}
			fmt.Fprintf(&s, ", %s master %s with priority %d", which, e.Peer, e.PeerPriority)
		}
		s.WriteByte('\n')
	}
	return s.String()
}
