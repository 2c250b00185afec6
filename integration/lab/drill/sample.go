package drill

import (
	"math"
	"time"
)

// Millis is a duration in milliseconds, to a tenth: what people and plots read.
type Millis float64

// millis rounds a duration to a tenth of a millisecond.
func millis(d time.Duration) Millis {
	return Millis(math.Round(float64(d)/float64(100*time.Microsecond)) / 10)
}

// Duration is the way back.
func (m Millis) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// maybe returns the time from one moment to another, nil where the other never
// came.
func maybe(from, to time.Time, came bool) *Millis {
	if !came {
		return nil
	}
	m := millis(to.Sub(from))
	return &m
}

// Sample is one run of one scenario with one pair of directors. Every time in
// it counts from the event.
type Sample struct {
	Scenario string `json:"scenario"`
	Pair     string `json:"pair"`
	Run      int    `json:"run"`
	// Watched is how long the run was observed.
	Watched Millis `json:"watched_ms"`
	// Pace is the share of the traffic's ticks that were kept: below 1 the
	// machine was too busy for the load, and the times say so much less.
	Pace float64 `json:"pace"`

	// Outage is the longest time in which no probe through the VIP was
	// answered, less the probe's interval.
	Outage Millis      `json:"outage_ms"`
	Probe  ProbeSample `json:"probe"`

	// Owners is who answered ARP for the VIP; NoOwner and TwoOwners are its
	// sums. OneOwner is since when there was exactly one, to the end; nil where
	// the run ended without that. Announced counts gratuitous ARPs by sender.
	Owners    []OwnerSpan    `json:"owners"`
	NoOwner   Millis         `json:"no_owner_ms"`
	TwoOwners Millis         `json:"two_owners_ms"`
	OneOwner  *Millis        `json:"one_owner_after_ms"`
	Announced map[string]int `json:"announced,omitempty"`

	Talkers   Survival      `json:"talkers"`
	Silent    Survival      `json:"silent"`
	Newcomers NewcomersSeen `json:"newcomers"`

	// Table is when the director's IPVS table followed what happened to the
	// real server; nil where it did not, or nothing happened to one.
	Table *Millis `json:"table_followed_ms,omitempty"`
	// Remarks are what else a reader should know.
	Remarks []string `json:"remarks,omitempty"`
}

// ProbeSample is what the probe saw.
type ProbeSample struct {
	Sent    int        `json:"sent"`
	Replies int        `json:"replies"`
	Gaps    []GapSpan  `json:"gaps,omitempty"` // Of more than four intervals.
	Others  []OtherVIP `json:"other_vips,omitempty"`
}

// GapSpan is a time without a reply.
type GapSpan struct {
	From Millis `json:"from_ms"`
	To   Millis `json:"to_ms"`
}

// OtherVIP is the outage of a VIP that the event was not aimed at.
type OtherVIP struct {
	VIP    string `json:"vip"`
	Outage Millis `json:"outage_ms"`
}

// OwnerSpan is a time during which the owners did not change: "none", "a",
// "b", "a+b".
type OwnerSpan struct {
	From   Millis `json:"from_ms"`
	To     Millis `json:"to_ms"`
	Owners string `json:"owners"`
}

// Survival says how many of a group's connections could be expected to live,
// because their real server did, and how many of these lived to the end.
type Survival struct {
	Survived int            `json:"survived"`
	Of       int            `json:"of"`
	Conns    []ConnSample   `json:"connections,omitempty"`
	Lost     map[string]int `json:"lost,omitempty"` // By outcome.
}

// ConnSample is one connection: its longest silence for a talker, the time to
// its answer for a silent one.
type ConnSample struct {
	Client  string `json:"client"`
	Server  string `json:"server"`
	Outcome string `json:"outcome"`
	Wait    Millis `json:"wait_ms"`
	Doomed  bool   `json:"doomed,omitempty"` // Its real server was taken away.
}

// NewcomersSeen counts the new connections from the event on. One that was not
// answered within its patience, or refused or reset, failed; one that was
// answered late had to be sent again, or waited for the failover.
type NewcomersSeen struct {
	Failed int            `json:"failed"`
	Late   int            `json:"late"`
	Of     int            `json:"of"`
	Why    map[string]int `json:"why,omitempty"` // Failures by outcome.
	Visits []Visit        `json:"visits,omitempty"`
}

// Visit is a new connection that failed or was late.
type Visit struct {
	At      Millis `json:"at_ms"`
	Took    Millis `json:"took_ms"`
	Outcome string `json:"outcome"`
}
