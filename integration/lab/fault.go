package lab

import "context"

// PowerLoss takes a director away as a cut cable and a dead power supply would:
// links first, so that no dying process says good-bye, then its processes and
// its namespace with every table in it.
func (l *Lab) PowerLoss(d Director) error { panic("soon") }

// Revive gives a director a fresh host on the same switch ports, with the same
// addresses and empty kernel tables. It starts no process.
func (l *Lab) Revive(ctx context.Context, d Director) error { panic("soon") }

// LinkDown takes a director's link down at the switch: the director loses
// carrier.
func (l *Lab) LinkDown(d Director, s Side) error { panic("soon") }

// LinkUp brings a director's link back.
func (l *Lab) LinkUp(d Director, s Side) error { panic("soon") }

// Partition drops VRRP (protocol 112), and nothing else, between the directors
// on both links and in both directions; false heals.
func (l *Lab) Partition(on bool) error { panic("soon") }

// ServerDown takes a real server's link down at the switch: the host is gone.
// (A dead process on a live host is made by closing the server's listener.)
func (l *Lab) ServerDown(i int) error { panic("soon") }

// ServerUp brings a real server's link back.
func (l *Lab) ServerUp(i int) error { panic("soon") }
