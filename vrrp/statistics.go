package vrrp

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Counters are the statistics of one instance. They are those of RFC 6527
// (VRRPv3 MIB) and, for version 2, RFC 2787; those that are sums of the reasons
// below are methods.
type Counters struct {
	Sent, SentPriorityZero         uint64
	Received, ReceivedPriorityZero uint64 // that passed every check
	SendErrors                     uint64
	BecameMaster                   uint64
	Drops                          map[string]uint64 // by drop reason
	Odd                            map[string]uint64 // accepted, but by Oddity something is wrong
	LateWakeups                    uint64            // we overslept beyond the master down interval
	LowerHeard                     uint64            // adverts of lower masters while master
	Lateness                       Lateness          // of own adverts

	NewMasterReason NewMasterReason
	ProtocolError   ProtocolError
	Discontinuity   time.Time // when the counters began
}

// NewMasterReason says why the instance is master
// (vrrpv3StatisticsNewMasterReason of RFC 6527).
type NewMasterReason uint8

// The reasons, with the numbers of RFC 6527.
const (
	NotMaster        NewMasterReason = iota
	NewByPriority                    // the master before said priority 0, or we own the addresses
	NewByPreemption                  // it had a lower priority, or we were told to take over
	MasterNoResponse                 // it was not heard any more
)

var newMasterReasonNames = [...]string{"not master", "priority", "preempted", "master no response"}

func (r NewMasterReason) String() string {
	if int(r) < len(newMasterReasonNames) {
		return newMasterReasonNames[r]
	}
	return "?"
}

// newMasterReason puts a transition into the words of RFC 6527.
func newMasterReason(t Transition) NewMasterReason {
	switch {
	case t.To != Master:
		return NotMaster
	case t.Reason == Owner, t.Reason == MasterStopped, t.Reason == Inherited:
		return NewByPriority
	case t.Reason == Preempted, t.Reason == TakenOver:
		return NewByPreemption
	}
	return MasterNoResponse
}

// ProtocolError is the last error of the protocol that an advert had
// (vrrpv3StatisticsProtoErrReason of RFC 6527).
type ProtocolError uint8

// The errors, with the numbers of RFC 6527.
const (
	NoError ProtocolError = iota
	TTLError
	VersionError
	ChecksumError
	VRIDError
)

var protocolErrorNames = [...]string{"no error", "TTL", "version", "checksum", "VRID"}

func (e ProtocolError) String() string {
	if int(e) < len(protocolErrorNames) {
		return protocolErrorNames[e]
	}
	return "?"
}

// protocolErrors are the drop reasons that RFC 6527 has a word for.
var protocolErrors = map[advert.Drop]ProtocolError{
	advert.TTL: TTLError, advert.Version: VersionError, advert.Checksum: ChecksumError, advert.VRID: VRIDError,
}

func (c *Counters) dropped(reasons ...advert.Drop) (n uint64) {
	for _, reason := range reasons {
		n += c.Drops[reason.String()]
	}
	return n
}

// IntervalErrors counts adverts of another interval than ours
// (AdvIntervalErrors), heard and dropped ones.
func (c Counters) IntervalErrors() uint64 {
	return c.dropped(advert.IntervalMismatch, advert.IntervalZero) + c.Odd[OddInterval.String()]
}

// TTLErrors counts adverts of a wrong TTL or hop limit (IpTtlErrors).
func (c Counters) TTLErrors() uint64 { return c.dropped(advert.TTL) }

// TypeErrors counts messages that are no adverts (RcvdInvalidTypePackets).
func (c Counters) TypeErrors() uint64 { return c.dropped(advert.Type) }

// AddressListErrors counts adverts of other addresses than ours, heard and
// dropped ones.
func (c Counters) AddressListErrors() uint64 {
	return c.dropped(advert.NoAddresses) + c.Odd[OddAddresses.String()]
}

// LengthErrors counts adverts that were cut short (PacketLengthErrors).
func (c Counters) LengthErrors() uint64 { return c.dropped(advert.Truncated) }

// AuthErrors counts adverts of another authentication type than ours
// (AuthTypeMismatch of RFC 2787), and those that failed it (AuthFailures).
func (c Counters) AuthErrors() (wrongType, failed uint64) {
	return c.dropped(advert.AuthType, advert.Unsigned),
		c.dropped(advert.AuthFail, advert.HeaderMalformed, advert.HeaderReplay,
			advert.Malformed, advert.UnknownKey, advert.BadHMAC, advert.Stale, advert.Replay)
}

// Totals are the statistics of RFC 6527 that are not of one virtual router. What
// instances counted that are not configured any more is in them.
type Totals struct {
	ChecksumErrors, VersionErrors, VRIDErrors uint64
	Discontinuity                             time.Time // when the counters began
}

// Totals returns the counters of all adverts, as of now.
func (r *Router) Totals() Totals { return r.snapshot().totals }

// totals adds up what every instance has dropped.
func (l *loop) totals() Totals {
	all := l.dropped
	for reason, n := range l.strays {
		all[reason] += n
	}
	for _, in := range l.instances {
		for reason, n := range in.drops {
			all[reason] += n
		}
	}
	return Totals{
		ChecksumErrors: all[advert.Checksum], VersionErrors: all[advert.Version], VRIDErrors: all[advert.VRID],
		Discontinuity: l.began,
	}
}

// maxHistory is how many changes of state are remembered of an instance.
const maxHistory = 16

// remember adds a transition to the history. Snapshots share the slice, so it is
// never changed in place.
func (in *instance) remember(t Transition) {
	past := in.history
	if len(past) >= maxHistory {
		past = past[len(past)-maxHistory+1:]
	}
	in.history = append(past[:len(past):len(past)], t)
}
