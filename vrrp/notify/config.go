// Package notify tells the world of changes of state: by programs, by named
// pipes and by mail. It decides what is told, to whom and in which order; what
// runs, writes and sends is in its edge, notify/deliver. It reads no clock.
//
// Whoever is told slower than the world changes is told less, never something
// old: of what waits only the newest is kept, so that the last thing told is the
// last thing that happened.
package notify

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// Config is whom to tell what.
type Config struct {
	RouterID  string           // what this director is called; empty: as the host is
	Instances map[string]Hooks // by name; one that is not in it has none
	Groups    map[string]Hooks
	Pipes     []Pipe
	Mail      Mail
	Policy    program.Policy
	// Startup and Shutdown are run once before anything else starts and after
	// everything else has stopped.
	Startup, Shutdown               program.Command
	StartupTimeout, ShutdownTimeout time.Duration // 0: 10 s
	// StatesOnReload tells the pipes every state again after a reload.
	StatesOnReload bool
	// Timeout is how long a program may run when something newer waits for its
	// end (keyword notify_timeout, tandem's own); 0: DefaultTimeout.
	Timeout time.Duration
}

// DefaultTimeout is what a program on a change of state may take that keeps
// something newer waiting. keepalived has no limit: there a program that hangs
// keeps no other waiting, since all run at once, in any order.
const DefaultTimeout = 60 * time.Second

// DefaultScriptTimeout is what Startup and Shutdown may take.
const DefaultScriptTimeout = 10 * time.Second

// Hooks are what an instance or a group tells.
type Hooks struct {
	// Group is the sync group of an instance, whose programs wait for those of
	// its members; empty: none.
	Group string
	// Addresses are those of an instance, for the programs.
	Addresses []netip.Prefix

	Master, Backup, Fault, Stop program.Command
	Deleted                     program.Command
	// TellDeleted makes a removal by a reload DELETED, which is FAULT otherwise
	// (notify_deleted; keepalived.conf(5)).
	TellDeleted bool
	Any         program.Command // behind its arguments: INSTANCE or GROUP, name, state, priority
	LowerHeard  program.Command // a master heard a lower one
	Priorities  bool            // changes of priority go to the pipes
	Mail        bool            // smtp_alert
}

// Pipe is a named pipe that gets a line for each change.
type Pipe struct {
	Path        string
	User, Group string
	What        PipeKind
	Reader      program.Command // started to read it; the path is its last argument
}

// PipeKind is what a pipe is told.
type PipeKind uint8

// The kinds.
const (
	AllEvents  PipeKind = iota
	VRRPEvents          // instances and groups
	LVSEvents           // virtual and real servers
)

// Mail is how mail is sent. Without a recipient or a server none is.
type Mail struct {
	To      []string // one without an @ is of this host
	From    string   // empty: tandem@HOST
	Server  string   // name or address
	Port    uint16   // 0: 25
	Helo    string   // empty: the host's name
	Source  netip.Addr
	Timeout time.Duration // 0: 30 s
	// NoFaults sends none about FAULT.
	NoFaults bool
}
