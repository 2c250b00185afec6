// Package ipvsadm is the ipvsadm(8) command: the same options, the same output
// to the byte and the same exit statuses, over package kernel. What was
// surprising in the original is surprising here, and says so in a comment; the
// error messages begin as they did and then say what to do.
//
// A command line becomes a request without the kernel (parse.go). What prints
// never asks for anything by itself: it is handed a listing (list.go, save.go).
package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// Invocation is one run of the command.
type Invocation struct {
	Name           string   // "ipvsadm", "ipvsadm-save" or "ipvsadm-restore"
	Args           []string // without the name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Owner tells which services a running director owns; an error means that
	// none could be asked, nil with no keys that none runs. It is asked at most
	// once, before the first change.
	Owner func(ctx context.Context) (map[ipvs.Key]bool, error)
}

// Run does what the arguments ask and returns the exit status: 0 for done, 2
// for what the command line means, 255 for what the kernel refuses and what is
// no option, 1 for a service to list that does not exist, and for a change to
// what a running director owns.
func Run(ctx context.Context, in Invocation) int {
	s := &session{in: in, names: newNames(ctx), guard: guard{owner: in.Owner}}
	defer s.close()
	switch in.Name {
	case "ipvsadm-save":
		return s.saveCommand(ctx)
	case "ipvsadm-restore":
		return s.restoreCommand(ctx)
	}
	r, bad := parse(in.Args, s.names)
	if bad == nil {
		bad = s.do(ctx, r)
	}
	return s.report("", bad)
}

// session is one run. It opens the kernel when something first needs it.
type session struct {
	in     Invocation
	names  *names
	guard  guard
	k      *kernel.Kernel
	out    []byte // kept for its space
	failed error  // of the first write that did not go through
}

func (s *session) kernel(ctx context.Context) (*kernel.Kernel, *refusal) {
	if s.k != nil {
		return s.k, nil
	}
	k, err := kernel.Open(ctx)
	if err != nil {
		return nil, refuse(statusUsage, "Can't initialize ipvs: %v", err) // whatever it is
	}
	s.k = k
	return k, nil
}

func (s *session) close() {
	if s.k != nil {
		_ = s.k.Close() // Nothing is lost with a netlink socket.
	}
}

// write prints to standard output, until that fails.
func (s *session) write(b []byte) {
	if s.failed == nil && len(b) > 0 {
		_, s.failed = s.in.Stdout.Write(b)
	}
}

// note prints one line to standard error.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.in.Stderr, "ipvsadm: "+format+"\n", args...)
}

// report prints a refusal, if it is one, and is the exit status.
func (s *session) report(where string, r *refusal) int {
	if r == nil {
		return statusOK
	}
	if r.text != "" {
		fmt.Fprintf(s.in.Stderr, "%s%s\n", where, r.text)
	}
	return r.status
}

// do carries out a request.
func (s *session) do(ctx context.Context, r request) *refusal {
	switch r.command {
	case showHelp:
		s.write([]byte(help))
		return nil
	case showVersion:
		s.write([]byte(version))
		return nil
	case listTable:
		if r.given.has(optWatch) {
			return s.watch(ctx, r)
		}
		return s.list(ctx, r)
	case saveTable:
		return s.save(ctx, r)
	case restoreTable:
		return s.restore(ctx, s.in.Stdin, r.given.has(optForce))
	case clearTable, setTimeouts, startDaemon, stopDaemon, zeroCounters:
		return s.whole(ctx, r)
	}
	c := r.change()
	if bad := s.allow(ctx, r); bad != nil {
		return bad
	}
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	if err := k.Edit(ctx, []kernel.Change{c})[0]; err != nil {
		return changeFailed(&c, err)
	}
	return nil
}

// whole does what concerns no single service, except the counters of one.
func (s *session) whole(ctx context.Context, r request) *refusal {
	if r.command != zeroCounters {
		if bad := s.allow(ctx, r); bad != nil {
			return bad
		}
	}
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	var err error
	switch r.command {
	case clearTable:
		err = k.Flush(ctx)
	case setTimeouts:
		err = k.SetTimeouts(ctx, r.timeouts)
	case startDaemon:
		if err = k.StartDaemon(ctx, r.daemon); errors.Is(err, ipvs.ErrExist) {
			return refuse(statusKernel, "Daemon has already run: --stop-daemon %s stops it", roleName(r.daemon.Role))
		}
	case stopDaemon:
		if err = k.StopDaemon(ctx, r.daemon); errors.Is(err, ipvs.ErrNotExist) {
			return refuse(statusKernel, "No daemon is running as %s; -L --daemon shows them", roleName(r.daemon.Role))
		}
	case zeroCounters:
		if err = k.Zero(ctx, r.service.Key); errors.Is(err, ipvs.ErrNotExist) {
			return refuse(statusKernel, "No such service: %s; -Ln lists those that are there", r.service.Key)
		}
	}
	if err != nil {
		return failure(statusKernel, err)
	}
	return nil
}

// verbs are what the commands that change one entry do to it.
var verbs = [...]ipvs.Verb{
	addService:    ipvs.AddService,
	editService:   ipvs.SetService,
	deleteService: ipvs.DelService,
	addServer:     ipvs.AddDestination,
	editServer:    ipvs.SetDestination,
	deleteServer:  ipvs.DelDestination,
}

// changes says whether the request changes one entry of the table.
func (r *request) changes() bool { return int(r.command) < len(verbs) && verbs[r.command] != 0 }

func (r *request) change() kernel.Change {
	return kernel.Change{Verb: verbs[r.command], Virtual: r.service, Server: r.server, Dest: r.dest}
}

func roleName(r ipvs.Role) string {
	if r == ipvs.SyncBackup {
		return "backup"
	}
	return "master"
}
