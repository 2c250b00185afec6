package ipvs

import "time"

// Snapshot is what the Reconciler last saw and did. It is immutable.
type Snapshot struct {
	Read    time.Time     // when the kernel's table was last read whole; zero: not yet
	Took    time.Duration // of the last pass: reading, comparing, writing
	Table   Table         // tandem's services as the kernel has them
	Figures Figures       // as of Read
	Drains  []Drain       // servers that are drained by hand
	Errors  []string      // what stands between the table and what is wanted, sorted
	Since   time.Time     // of the first failure in the present run of failures; zero: none
	Passes  uint64        // whole comparisons so far
	Writes  uint64        // operations that the kernel took so far
	Repairs uint64        // changes from outside that were undone so far
}

// Server is one server as the kernel has it, false when it is not there.
func (s Snapshot) Server(key Key, server Server) (Destination, Counts, bool) {
	dest, ok := s.Table[key].Destinations[server]
	return dest, s.Figures[key].Servers[server], ok
}
