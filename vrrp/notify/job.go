package notify

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// Job is what a subject tells its programs of one event: one after the other.
type Job struct {
	Event Event
	Steps []Step
	// Skipped is how many changes of state came and went while an earlier program
	// ran: nobody is told of them.
	Skipped int
	// Stdin and Env are the same for all steps.
	Stdin []byte
	Env   []string
}

// Step is one program.
type Step struct {
	Keyword string // notify_master, notify, ...
	Command program.Command
	Args    []string // behind its own
}

// steps are the programs for an event: that of the state, then the one for any
// (keepalived.conf(5): notify is called after notify_*).
func (h Hooks) steps(e Event) []Step {
	var all []Step
	add := func(keyword string, c program.Command, args ...string) {
		if !c.Empty() {
			all = append(all, Step{keyword, c, args})
		}
	}
	if e.Kind == LowerHeard {
		add("notify_master_rx_lower_pri", h.LowerHeard)
		return all
	}
	switch e.Word {
	case masterWord:
		add("notify_master", h.Master)
	case faultWord:
		add("notify_fault", h.Fault)
	case Stop:
		add("notify_stop", h.Stop)
	case Deleted:
		add("notify_deleted", h.Deleted)
	default:
		add("notify_backup", h.Backup)
	}
	add("notify", h.Any, e.arguments()...)
	return all
}

// told is what a program reads from its stdin, as one object of JSON. Names are
// added, never changed.
type told struct {
	RouterID     string         `json:"router_id,omitempty"`
	Event        string         `json:"event"`              // state, or the event: MASTER_RX_LOWER_PRI
	Instance     string         `json:"instance,omitempty"` // none of a group
	Group        string         `json:"group,omitempty"`
	From         string         `json:"from,omitempty"`
	To           string         `json:"to,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Detail       string         `json:"detail,omitempty"`
	Priority     uint8          `json:"priority"`
	Peer         *netip.Addr    `json:"peer,omitempty"`
	PeerPriority uint8          `json:"peer_priority,omitempty"`
	At           string         `json:"at"` // RFC 3339
	Generation   uint64         `json:"generation"`
	Skipped      int            `json:"skipped"`
	Addresses    []netip.Prefix `json:"addresses,omitempty"`
}

// job makes the programs' input of an event.
func (h Hooks) job(e Event, skipped int, routerID string) Job {
	t := told{
		RouterID: routerID, Event: "state", Instance: e.Subject.Name, Group: h.Group,
		Reason: e.Reason, Detail: e.Detail, Priority: e.Priority, PeerPriority: e.PeerPriority,
		At: e.At.Format(time.RFC3339Nano), Generation: e.Generation, Skipped: skipped, Addresses: h.Addresses,
	}
	if e.Subject.Group {
		t.Instance, t.Group = "", e.Subject.Name
	}
	if e.Kind == StateChange {
		t.From, t.To = e.From.String(), e.Word
	} else {
		t.Event = e.Word
	}
	peer := ""
	if e.Peer.IsValid() {
		t.Peer, peer = &e.Peer, e.Peer.String()
	}
	stdin, err := json.Marshal(t)
	if err != nil {
		stdin = nil // nothing in it can fail to be written
	}
	env := []string{
		"TANDEM_ROUTER_ID=" + t.RouterID, "TANDEM_EVENT=" + t.Event, "TANDEM_INSTANCE=" + t.Instance, "TANDEM_GROUP=" + t.Group,
		"TANDEM_FROM=" + t.From, "TANDEM_TO=" + t.To, "TANDEM_REASON=" + t.Reason, "TANDEM_DETAIL=" + t.Detail,
		fmt.Sprintf("TANDEM_PRIORITY=%d", t.Priority), "TANDEM_PEER=" + peer, fmt.Sprintf("TANDEM_PEER_PRIORITY=%d", t.PeerPriority),
		"TANDEM_AT=" + t.At, fmt.Sprintf("TANDEM_GENERATION=%d", t.Generation), fmt.Sprintf("TANDEM_SKIPPED=%d", skipped),
	}
	return Job{Event: e, Steps: h.steps(e), Skipped: skipped, Stdin: append(stdin, '\n'), Env: env}
}
