package director

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// BFDStatus are the BFD sessions, as of the last change of one of them.
type BFDStatus struct {
	Sessions []BFDSession      `json:"sessions"`
	Drops    map[string]uint64 `json:"drops,omitempty"` // packets that were not accepted
}

// BFDSession is one session (RFC 5880). Times are in seconds.
type BFDSession struct {
	Name       string    `json:"name"`
	State      string    `json:"state"`
	Remote     string    `json:"remote_state"`
	Since      time.Time `json:"since"`
	Diagnostic string    `json:"diagnostic"` // why it went down last
	Theirs     string    `json:"remote_diagnostic"`
	Detection  float64   `json:"detection_time"` // 0: nothing was heard yet
	Interval   float64   `json:"interval"`       // between packets, without jitter
}

// viewBFD shows the sessions; nil: there is none.
func viewBFD(all []bfd.Status, drops map[string]uint64) *BFDStatus {
	if len(all) == 0 {
		return nil
	}
	s := &BFDStatus{Drops: drops}
	for _, b := range all {
		s.Sessions = append(s.Sessions, BFDSession{
			Name: b.Name, State: b.State.String(), Remote: b.Remote.String(), Since: b.Since,
			Diagnostic: b.Diag.String(), Theirs: b.Theirs.String(), Detection: b.Detection.Seconds(), Interval: b.Interval.Seconds(),
		})
	}
	return s
}
