package lab

import "time"

// Check is the health check of the HTTP service's real servers.
type Check int

// The health checks.
const (
	HTTPGet Check = iota
	TCPCheck
)

// ConfigOptions are the choices in a director's configuration. The zero value
// is VRRPv3 by multicast, advert_int 1, preempting, with HTTP_GET every second
// and connection synchronisation.
type ConfigOptions struct {
	AdvertInt time.Duration // 0 means 1 s; VRRPv2 knows whole seconds only.
	Version   int           // 2 or 3, 0 means 3.
	Unicast   bool          // Adverts to the peer's address instead of multicast.
	Password  string        // auth_type PASS, VRRPv2 only.
	NoPreempt bool

	// ActiveActive makes one instance per VIP, each director preferred for one
	// of them; otherwise one instance holds all VIPs.
	ActiveActive bool

	NoSync bool // Without lvs_sync_daemon.

	Check     Check
	DelayLoop time.Duration // Between checks, 0 means 1 s.
	Scheduler string        // Empty means "rr".
	Weights   []int         // Of the real servers in order, 1 where absent.

	Global string // More lines for global_defs, as they are.
	Extra  string // More blocks at the end, as they are.
}

// Config renders the keepalived.conf of a director: text that keepalived 2.2.7
// accepts, and therefore tandem. A has priority 150 and B 100 (crossed for the
// second VIP of an active-active pair); both start as BACKUP. In NAT mode the
// VIPs outside and the gateway inside are two instances in one sync group; in
// the other modes the instance tracks the inside link.
func (p Plan) Config(d Director, o ConfigOptions) (string, error) { panic("soon") }

// MasterDown returns the VRRP bound for these options at a director:
// 3 × advert_int + skew (RFC 9568 section 6.1, RFC 3768 section 6.1 for
// version 2), for its first VIP.
func (p Plan) MasterDown(d Director, o ConfigOptions) time.Duration { panic("soon") }

// Skew returns the skew time of a director's first VIP.
func (p Plan) Skew(d Director, o ConfigOptions) time.Duration { panic("soon") }
