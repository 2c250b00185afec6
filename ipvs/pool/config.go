package pool

import "github.com/tandem-ha/tandem/ipvs"

// Service is the configuration of one virtual server: what the user writes in
// a virtual_server block is what runs.
type Service struct {
	Name string // as configured, for people: "192.0.2.80:80 TCP" or "fwmark 7"
	Key  ipvs.Key
	IPVS ipvs.Service

	Servers []Server
	Sorry   *Sorry // nil: none

	Quorum     int // weight of healthy servers that the service needs; at least 1
	Hysteresis int // gained at quorum + hysteresis, lost at quorum - hysteresis

	Alpha bool // servers start down until their first check passes
	Omega bool // when the director stops, down actions are run

	Inhibit bool // keep failed servers with weight 0 instead of removing them
}

// Server is one real server of a service.
type Server struct {
	Addr    ipvs.Server
	Dest    ipvs.Destination // Weight is the configured one
	FullNAT bool             // NAT that changes the source too: package rules does that half
	Inhibit bool             // inhibit_on_failure of the server
	Alpha   bool
	// Checks are the checks of this server, by the director's key; a server
	// is healthy when all of them are.
	Checks []string
}

// Sorry is the server of last resort: it serves while quorum is lost.
type Sorry struct {
	Addr    ipvs.Server
	Dest    ipvs.Destination // a Weight of 0 means 1
	FullNAT bool
	Inhibit bool // sorry_server_inhibit: keep it with weight 0 while it is not needed
}
