package director

import (
	"net/netip"
	"time"
)

// InstanceStatus is one virtual router.
type InstanceStatus struct {
	Name           string            `json:"name"`
	Group          string            `json:"group,omitempty"`
	Interface      string            `json:"interface"`
	VRID           uint8             `json:"vrid"`
	Version        uint8             `json:"version"`
	State          string            `json:"state"`
	Since          time.Time         `json:"since"`
	Reason         string            `json:"reason"`
	Priority       uint8             `json:"priority"`
	BasePriority   uint8             `json:"base_priority"` // configured
	Tracked        []TrackedStatus   `json:"tracked,omitempty"`
	AdvertInterval float64           `json:"advert_interval_seconds"`
	Master         string            `json:"master,omitempty"`
	MasterPriority uint8             `json:"master_priority,omitempty"`
	Holds          []string          `json:"holds,omitempty"`
	Addresses      []AddressStatus   `json:"addresses"`
	LastSent       *time.Time        `json:"last_advert_sent,omitempty"`
	LastHeard      *time.Time        `json:"last_advert_heard,omitempty"`
	Sent           uint64            `json:"adverts_sent"`
	Received       uint64            `json:"adverts_received"`
	SendErrors     uint64            `json:"send_errors"`
	BecameMaster   uint64            `json:"became_master"`
	Drops          map[string]uint64 `json:"drops,omitempty"`
	LastDrops      []DropStatus      `json:"last_drops,omitempty"`  // the last of each reason
	Odd            map[string]uint64 `json:"odd_adverts,omitempty"` // accepted, but worth a look
	LateWakeups    uint64            `json:"late_wakeups"`          // times it overslept and listened before speaking

	Statistics StatisticsStatus   `json:"statistics"`
	Lateness   LatenessStatus     `json:"advert_lateness"`
	Repairs    *RepairsStatus     `json:"repairs,omitempty"`
	History    []TransitionStatus `json:"history"` // the last changes of state, oldest first
}

// DropStatus is the last advert that was dropped for a reason.
type DropStatus struct {
	Reason string     `json:"reason"`
	Count  uint64     `json:"count"` // of that reason, from whomever
	From   netip.Addr `json:"from"`
	At     time.Time  `json:"at"`
	Why    string     `json:"why,omitempty"` // what differs
}

// TrackedStatus is what something tracked does to an instance just now.
type TrackedStatus struct {
	Source string `json:"source"` // "script chk"
	Delta  int    `json:"delta"`  // of the priority
	Fault  bool   `json:"fault"`
	Detail string `json:"detail,omitempty"`
	Void   bool   `json:"void,omitempty"` // it cannot be told, and counts for nothing
}

// StatisticsStatus are the counters of RFC 6527, and the twins of RFC 2787 that
// version 2 alone has.
type StatisticsStatus struct {
	NewMasterReason   string    `json:"new_master_reason"`
	ProtocolError     string    `json:"protocol_error"` // the last one
	IntervalErrors    uint64    `json:"interval_errors"`
	TTLErrors         uint64    `json:"ttl_errors"`
	TypeErrors        uint64    `json:"type_errors"`
	AddressListErrors uint64    `json:"address_list_errors"`
	LengthErrors      uint64    `json:"length_errors"`
	AuthTypeErrors    uint64    `json:"auth_type_errors"`
	AuthFailures      uint64    `json:"auth_failures"`
	SentZero          uint64    `json:"priority_zero_sent"`
	ReceivedZero      uint64    `json:"priority_zero_received"`
	LowerHeard        uint64    `json:"lower_masters_heard"`
	Discontinuity     time.Time `json:"since"` // when the counters began
}

// LatenessStatus is how late own adverts were handed to the kernel, in seconds.
type LatenessStatus struct {
	Adverts uint64  `json:"adverts"`
	Last    float64 `json:"last"`
	P999    float64 `json:"p99.9"` // a bound that 99.9 % did not exceed
	Max     float64 `json:"max"`
}

// RepairsStatus tells of addresses that somebody else removed.
type RepairsStatus struct {
	Count     int       `json:"count"`
	Last      time.Time `json:"last"`
	Address   string    `json:"address"`
	Interface string    `json:"interface"`
	By        string    `json:"by,omitempty"`
	Fights    int       `json:"fights"` // times that one address went three times in a minute

	Fought *FoughtStatus `json:"fought,omitempty"` // the last address of which that is true
}

// FoughtStatus is an address that somebody removes again and again.
type FoughtStatus struct {
	Count     int       `json:"count"`
	Last      time.Time `json:"last"`
	Address   string    `json:"address"`
	Interface string    `json:"interface"`
	By        string    `json:"by,omitempty"`
}

// TransitionStatus is one change of state.
type TransitionStatus struct {
	At     time.Time `json:"at"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason"`
}

// TotalsStatus are the counters of all adverts.
type TotalsStatus struct {
	ChecksumErrors uint64 `json:"checksum_errors"`
	VersionErrors  uint64 `json:"version_errors"`
	VRIDErrors     uint64 `json:"vrid_errors"`
}

// NotifyStatus counts what has been told to whom.
type NotifyStatus struct {
	Programs     int `json:"programs"`
	Failed       int `json:"programs_failed"`
	Refused      int `json:"programs_refused"`
	Killed       int `json:"programs_killed"`
	Skipped      int `json:"states_skipped"` // that came and went while a program ran
	LinesDropped int `json:"lines_dropped"`  // for pipes that were full
	Mails        int `json:"mails"`
	MailsFailed  int `json:"mails_failed"`
	MailsGivenUp int `json:"mails_given_up"`

	Troubles []TroubleStatus `json:"troubles,omitempty"` // the latest first
}

// TroubleStatus is something that could not be told when it was tried last.
type TroubleStatus struct {
	What string    `json:"what"`
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
}

// AddressStatus is one virtual address: what is configured and whether the
// kernel has it just now.
type AddressStatus struct {
	Prefix  netip.Prefix `json:"prefix"`
	Present bool         `json:"present"`
}
