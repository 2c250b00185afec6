// Command labrun runs a program where IPVS is: directly where the running
// kernel has it, else in the test kernel.
//
//	go run ./integration/labrun [-kernel KIND] [-out FOLDER] -- COMMAND [ARGUMENT ...]
//
// KIND is usermode or complete: the test kernel to use even where the running
// kernel has IPVS. The complete one has nftables too. The command sees every file of the machine but what it writes is lost, except
// below the -out folder. Its exit code passes through; 125 means that it could
// not be run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

// exitNotRun is the exit code for a command that could not be run, as in
// env(1) and timeout(1).
const exitNotRun = 125

func main() {
	testkernel.MaybeInit()
	out := flag.String("out", "", "`folder` that the command may write to")
	verbose := flag.Bool("v", false, "say where the command runs and how long the boot took")
	var boot *testkernel.Kernel // Nil leaves the choice to the machine.
	flag.Func("kernel", "use the test kernel of this `kind`, usermode or complete, even where the running kernel has IPVS",
		func(kind string) error {
			for _, k := range []testkernel.Kernel{testkernel.UserMode, testkernel.Complete} {
				if k.String() == kind {
					boot = &k
					return nil
				}
			}
			return errors.New("no such kernel")
		})
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: labrun [-kernel KIND] [-out FOLDER] [-v] -- COMMAND [ARGUMENT ...]")
		os.Exit(exitNotRun)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, flag.Args(), boot, *out, *verbose)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "labrun: %v\n", err)
		code = exitNotRun
	}
	os.Exit(code)
}

func run(ctx context.Context, argv []string, boot *testkernel.Kernel, out string, verbose bool) (int, error) {
	o := testkernel.Options{Argv: argv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if boot != nil {
		o.Kernel = *boot
	} else if have, err := testkernel.HaveIPVS(); err != nil {
		return 0, err
	} else if have {
		if verbose {
			fmt.Fprintln(os.Stderr, "labrun: this kernel has IPVS")
		}
		return direct(ctx, argv)
	}
	if out != "" {
		o.Out = []string{out}
	}
	if verbose {
		o.OnStart = func(boot time.Duration) {
			fmt.Fprintf(os.Stderr, "labrun: test kernel booted in %.2f s\n", boot.Seconds())
		}
	}
	return testkernel.Run(ctx, o)
}

// direct runs the command on this kernel.
func direct(ctx context.Context, argv []string) (int, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
