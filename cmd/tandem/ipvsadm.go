package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/control"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvsadm"
)

// ipvsadmNames are the names under which this binary is ipvsadm(8).
var ipvsadmNames = [...]string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"}

// calledAs is the name of ipvsadm(8) under which this binary was started, as
// through a symbolic link; empty: it was not.
func calledAs(argv0 string) string {
	for _, name := range ipvsadmNames {
		if filepath.Base(argv0) == name {
			return name
		}
	}
	return ""
}

// ipvsadmCommand hands everything behind it to package ipvsadm, whose options
// are not ours to understand.
func ipvsadmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ipvsadm [--run-dir FOLDER] [OPTION ...]",
		Short: "Look at and change IPVS by hand: ipvsadm(8), to the byte",
		Long: `The options, the output and the exit status of ipvsadm(8). The same command runs
when this binary is called ipvsadm, ipvsadm-save or ipvsadm-restore.

While a director runs, changes to a service that it owns are refused, since it
would undo them; --force makes them all the same. Weight 0, and its end, are
taken: that is a manual drain.`,
		Example: `  tandem ipvsadm -Ln
  tandem ipvsadm -Ln --rate --watch
  tandem ipvsadm -e -t 192.0.2.80:80 -r 10.0.0.11:80 -g -w 0
  ln -s tandem /usr/local/sbin/ipvsadm`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := runIPVSAdm(cmd.Context(), ipvsadmNames[0], args); code != 0 {
				return exitError{code, errors.New("")}
			}
			return nil
		},
	}
}

// runIPVSAdm runs ipvsadm under one of its names. The director to ask is that
// of the run directory, which an option in front of all others can name.
func runIPVSAdm(ctx context.Context, name string, args []string) int {
	runDir := defaultRunDir()
	switch {
	case len(args) > 1 && args[0] == "--run-dir":
		runDir, args = args[1], args[2:]
	case len(args) > 0 && strings.HasPrefix(args[0], "--run-dir="):
		runDir, args = strings.TrimPrefix(args[0], "--run-dir="), args[1:]
	}
	return ipvsadm.Run(ctx, ipvsadm.Invocation{
		Name: name, Args: args,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Owner: func(ctx context.Context) (map[ipvs.Key]bool, error) { return ownedBy(ctx, runDir) },
	})
}

// ownedBy are the services of the director of a run directory; none when no
// director runs there.
func ownedBy(ctx context.Context, runDir string) (map[ipvs.Key]bool, error) {
	client := control.Client{RunDir: runDir}
	keys, err := client.Owned(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return nil, nil
	}
	owned := make(map[ipvs.Key]bool, len(keys))
	for _, key := range keys {
		owned[key] = true
	}
	return owned, err
}
