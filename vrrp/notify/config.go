// Package notify tells the world of changes of state: by programs, by named
// pipes and by mail. It decides what is told, to whom and in which order; what
// runs, writes and sends is in its edge, notify/deliver.
package notify

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// Config is whom to tell what.
type Config struct {
	RouterID  string           // what this director is called
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
}

// Hooks are what an instance or a group tells.
type Hooks struct {
	Master, Backup, Fault, Stop program.Command
	Deleted                     program.Command
	// TellDeleted makes a removal DELETED instead of STOP (notify_deleted
	// without a program).
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
	To      []string
	From    string // empty: tandem@HOST
	Server  string // name or address
	Port    uint16 // 0: 25
	Helo    string // empty: the host's name
	Source  netip.Addr
	Timeout time.Duration // 0: 30 s
	// NoFaults sends none about FAULT.
	NoFaults bool
}
