package lab

import "net/netip"

// VirtualService is a service as /proc/net/ip_vs shows it: an eye independent
// of the code under test.
type VirtualService struct {
	Protocol     string // "TCP", "UDP", "SCTP" or "FWM".
	Addr         netip.AddrPort
	Mark         uint32 // Of a FWM service.
	Scheduler    string
	Flags        []string // Words after the scheduler, such as "persistent", "ops".
	Destinations []Destination
}

// Destination is a real server of a service.
type Destination struct {
	Addr             netip.AddrPort
	Forward          string // "Masq", "Route", "Tunnel", "Local".
	Weight           int
	Active, Inactive int // Connections.
}

// Connection is an entry of /proc/net/ip_vs_conn.
type Connection struct {
	Protocol                     string
	Client, Virtual, Destination netip.AddrPort
	State                        string // "ESTABLISHED", "SYN_RECV", "NONE" ...
	Expires                      int    // Seconds.
}

// IPVS reads the namespace's service table.
func (h *Host) IPVS() ([]VirtualService, error) { panic("soon") }

// Connections reads the namespace's connection table, synchronised entries
// included.
func (h *Host) Connections() ([]Connection, error) { panic("soon") }
