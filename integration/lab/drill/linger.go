package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/tandem-ha/tandem/integration/lab"
)

// linger says how to enter the hosts of a standing lab and opens a shell beside
// it. The lab goes when the shell ends.
func linger(ctx context.Context, l *lab.Lab) error {
	hosts := []*lab.Host{l.Client(), l.Router(), l.Witness(), l.Director(lab.A), l.Director(lab.B)}
	for i := range l.Plan().Servers {
		hosts = append(hosts, l.Server(i))
	}
	fmt.Fprintln(os.Stderr, "the lab stands; to look at its hosts:")
	for _, h := range hosts {
		// The namespaces have no names: an open file of this process leads in.
		var door *os.File
		err := h.Do(func() (err error) {
			door, err = os.Open("/proc/thread-self/ns/net")
			return err
		})
		if err != nil {
			continue // Its power is off.
		}
		defer door.Close()
		fmt.Fprintf(os.Stderr, "  nsenter --net=/proc/%d/fd/%d ip -brief address   # %s\n", os.Getpid(), door.Fd(), h.Name)
	}
	for _, d := range []lab.Director{lab.A, lab.B} {
		if p := l.Process(d); p != nil {
			if _, ended := p.Exited(); !ended {
				fmt.Fprintf(os.Stderr, "  nsenter --target %d --all   # into the process of director %s\n", p.Pid(), d)
			}
		}
	}
	fmt.Fprintln(os.Stderr, "this shell is beside the lab; the lab goes when it ends")
	shell := exec.CommandContext(ctx, "/bin/sh", "-i")
	shell.Stdin, shell.Stdout, shell.Stderr = os.Stdin, os.Stderr, os.Stderr // The report has the standard output.
	err := shell.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return nil // With the status of its last command.
	}
	return err
}
