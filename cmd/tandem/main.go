// Command tandem is a high-availability director: it floats virtual addresses
// between two hosts with VRRP, checks real servers, keeps the kernel's IPVS
// table as the configuration wants it, and synchronises connections.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/drill"
	"github.com/tandem-ha/tandem/ipvs/realserver"
)

// version is set by the linker (make build).
var version = "unknown"

// The exit statuses. They are part of the interface: scripts and the systemd
// unit go by them.
const (
	exitFailed  = 1  // run: the configuration is refused; check: fatal; status: no director answers; cleanup: something is left
	exitHost    = 2  // run: this host cannot run it (not root, no IPVS, another tandem), nor can cleanup; check --strict: errors or warnings
	exitRunning = 3  // run: it started and then failed
	exitUsage   = 64 // the command line is wrong (EX_USAGE)
)

// exitError is an error that knows its exit status.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

func fail(code int, err error) error {
	if err == nil {
		return nil
	}
	return exitError{code, err}
}

// printed is what comes of printing to where nothing can be written.
func printed(err error) error {
	if err == nil {
		return nil
	}
	return fail(exitFailed, fmt.Errorf("print: %w", err))
}

func main() {
	lab.MaybeInit() // the drill runs this same binary as the test kernel's init
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if name := calledAs(os.Args[0]); name != "" {
		os.Exit(runIPVSAdm(ctx, name, os.Args[1:]))
	}
	err := rootCommand().ExecuteContext(ctx)
	stop()
	os.Exit(status(err))
}

// status prints what went wrong and says with which status to exit. An error
// that carries no status came from cobra: the command line is wrong.
func status(err error) int {
	var exit exitError
	var quiet interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if exit.err.Error() != "" {
			fmt.Fprintln(os.Stderr, "tandem:", err)
		}
		return exit.code
	case errors.As(err, &quiet): // a drill that missed a budget has said so itself
		fmt.Fprintln(os.Stderr, "tandem:", err)
		return quiet.ExitCode()
	}
	fmt.Fprintf(os.Stderr, "tandem: %v\nSee 'tandem --help'.\n", err)
	return exitUsage
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "tandem",
		Short: "A high-availability director pair: VRRP, health checks and IPVS",
		Long: `tandem makes two Linux hosts one load balancer. It reads keepalived.conf as it
is: VRRP floats the virtual addresses, health checks add and remove real
servers, the kernel's IPVS forwards, and its connections are synchronised.

  tandem check -f /etc/keepalived/keepalived.conf   what would this file do here?
  tandem run   -f /etc/keepalived/keepalived.conf   be a director
  tandem status                                     what is it doing, and why?
  tandem ipvsadm -Ln                                the kernel's own word: ipvsadm(8), built in
  tandem realserver up --vip 192.0.2.80 --method dr on a real server: take DR or TUN packets
  tandem drill                                      watch a pair fail over, measured`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(runCommand(), checkCommand(), statusCommand(), undrainCommand(), cleanupCommand(),
		ipvsadmCommand(), realserver.Command(), drill.Command(), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "tandem", version)
			return printed(err)
		},
	}
}
