// Package track is what instances follow besides interfaces: the exit status of
// a program, the number in a file, the processes that run. It decides; what runs
// programs and reads files is in its edge, track/watch.
package track

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// Config is everything that is tracked.
type Config struct {
	Scripts   []Script
	Files     []File
	Processes []Process
	Policy    program.Policy
}

// Script is a program that is run again and again; exit status 0 is success
// (block vrrp_script).
type Script struct {
	Name     string
	Command  program.Command
	Interval time.Duration
	Timeout  time.Duration // 0: Interval
	Rise     int           // successes in a row until it is up; at least 1
	Fall     int           // failures in a row until it is down; at least 1
	// InitFail says that it counts as failed until its first run has ended; with
	// or without it the first result counts by itself.
	InitFail bool
}

// File is a file that holds a number (block track_file).
type File struct {
	Name string
	Path string
	// Init is the number that is written at the start where the file does not
	// exist, or with Overwrite where it does too; nil: none is written.
	Init      *int
	Overwrite bool
}

// Process is a number of processes that shall run (block vrrp_track_process).
type Process struct {
	Name      string
	Command   []string // path or name, then the arguments that count
	Match     ArgMatch
	FullPath  bool // compare the first word of its command line rather than its name
	QuorumMin int  // as few are enough
	QuorumMax int  // more are a failure; NoLimit: any number is good; 0: none may run
	// UpDelay and DownDelay are how long the quorum must last to count.
	UpDelay, DownDelay time.Duration
}

// NoLimit is a QuorumMax that no number of processes exceeds.
const NoLimit = -1

// ArgMatch is how the arguments of a process are compared.
type ArgMatch uint8

// The ways.
const (
	AnyArgs     ArgMatch = iota // they are not looked at
	ExactArgs                   // all of them, in order
	PartialArgs                 // those of Command are the first ones
	InitialArgs                 // likewise, and the last one may be longer
)
