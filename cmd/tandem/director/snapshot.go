package director

import (
	"net/netip"
	"time"
)

// Snapshot is what a director tells of itself: status, and later metrics,
// show nothing else. It is plain data, made when asked for and never changed.
type Snapshot struct {
	Version  string    `json:"version"`
	RouterID string    `json:"router_id"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	At       time.Time `json:"at"`

	Config    ConfigStatus     `json:"config"`
	Instances []InstanceStatus `json:"instances"`
	Services  []ServiceStatus  `json:"services"`
	IPVS      *IPVSStatus      `json:"ipvs,omitempty"`
	Settings  *SettingsStatus  `json:"kernel_settings,omitempty"`
	Rules     *RulesStatus     `json:"nftables,omitempty"`
	Notify    NotifyStatus     `json:"notifications"`
	Sync      *SyncStatus      `json:"sync,omitempty"`
	BFD       *BFDStatus       `json:"bfd,omitempty"`
	// VRRP are the counters of RFC 6527 that are of no instance.
	VRRP TotalsStatus `json:"vrrp"`
	// Strays are messages of protocol 112 for no instance of ours, by reason.
	Strays map[string]uint64 `json:"stray_adverts,omitempty"`
	// Warnings are conditions that an operator should look at now.
	Warnings []string `json:"warnings,omitempty"`
}

// ConfigStatus is which configuration runs, and how the last reload went.
type ConfigStatus struct {
	File     string        `json:"file"`
	Loaded   time.Time     `json:"loaded"`
	Errors   int           `json:"errors"` // as tandem check counted them when it was loaded
	Warnings int           `json:"warnings"`
	Reload   *ReloadStatus `json:"last_reload,omitempty"`
}

// ReloadStatus is the outcome of the last reload; a refused one left the
// running configuration as it was.
type ReloadStatus struct {
	At      time.Time `json:"at"`
	Refused bool      `json:"refused"`
	Why     []string  `json:"why,omitempty"`
}

// ServiceStatus is one virtual service.
type ServiceStatus struct {
	Name       string         `json:"name"`
	Members    []string       `json:"members,omitempty"` // the others of its virtual_server_group
	Scheduler  string         `json:"scheduler"`
	InKernel   bool           `json:"in_kernel"`
	Quorum     int            `json:"quorum"`
	Have       int            `json:"healthy_weight"`
	QuorumLost bool           `json:"quorum_lost"`
	Servers    []ServerStatus `json:"servers"`
}

// ServerStatus is one real server of a service. Weights are pointers: absent
// means that the server is not in that table at all.
type ServerStatus struct {
	Addr       netip.AddrPort `json:"address"`
	Forwarding string         `json:"forwarding"`
	Sorry      bool           `json:"sorry,omitempty"`
	Verdict    string         `json:"verdict"`
	Reason     string         `json:"reason"`
	Since      *time.Time     `json:"since,omitempty"`
	LastCheck  *time.Time     `json:"last_check,omitempty"`
	Configured int32          `json:"weight_configured"`
	Wanted     *int32         `json:"weight_wanted,omitempty"`
	Kernel     *int32         `json:"weight_kernel,omitempty"`
	Drained    bool           `json:"drained,omitempty"` // by hand, from outside
	Active     uint32         `json:"active_connections"`
	Inactive   uint32         `json:"inactive_connections"`
}

// IPVSStatus is the reconciler's view.
type IPVSStatus struct {
	LastPass *time.Time `json:"last_pass,omitempty"`
	Errors   []string   `json:"errors,omitempty"`
	Writes   uint64     `json:"writes"`  // operations that the kernel took
	Repairs  uint64     `json:"repairs"` // changes from outside that were undone
}

// SettingsStatus are the kernel settings that tandem keeps, by path below
// /proc/sys, as the kernel has them.
type SettingsStatus struct {
	Wanted   int               `json:"wanted"`
	Kept     int               `json:"kept"` // as wanted just now
	Values   map[string]string `json:"values"`
	Waiting  []string          `json:"waiting,omitempty"` // for their interface
	Missing  []string          `json:"missing,omitempty"` // this kernel does not have them
	Repairs  uint64            `json:"repairs"`
	Problems []string          `json:"problems,omitempty"`
}

// RulesStatus are tandem's own nftables tables.
type RulesStatus struct {
	Rules    int      `json:"rules"`
	Repairs  uint64   `json:"repairs"`
	Problems []string `json:"problems,omitempty"`
}

// SyncStatus is connection synchronisation as the kernel has it.
type SyncStatus struct {
	Interface string   `json:"interface"`
	SyncID    uint8    `json:"sync_id"`
	Master    bool     `json:"master_running"`
	Backup    bool     `json:"backup_running"`
	Problems  []string `json:"problems,omitempty"`
}
