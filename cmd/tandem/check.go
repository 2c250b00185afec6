package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

func checkCommand() *cobra.Command {
	var file string
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Read a configuration and say what is wrong with it",
		Long: `Reads a keepalived.conf and prints what is wrong or doubtful, a line each:

  file:line:col: severity: message (hint)

  fatal    tandem will not run with this file
  error    this statement or block has no effect, the rest runs
  warning  it runs, but perhaps not as meant
  note     worth knowing

A start refuses only what is fatal. A reload also refuses errors that the
running file did not have, and then changes nothing.

Exit status: 0 usable, 1 fatal, 2 errors or warnings with --strict.`,
		Example: "  tandem check keepalived.conf\n  tandem check --strict && systemctl reload tandem",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				file = args[0]
			}
			config, found := conf.Load(file, conf.Options{})
			if err := config.VRRP.Validate(); err != nil && !found.Fatal() {
				found = append(found, conf.Diagnostic{Pos: syntax.Pos{File: file}, Severity: conf.Fatal, Message: err.Error()})
			}
			if !found.Fatal() {
				found = append(found, config.MissingInterfaces(director.InterfaceExists)...)
				found.Sort()
			}
			for _, d := range found {
				fmt.Fprintln(cmd.OutOrStdout(), d)
			}
			fatal, errs, warnings := found.Count(conf.Fatal), found.Count(conf.Error), found.Count(conf.Warning)
			switch {
			case fatal > 0:
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: tandem will not run with this file\n", file)
				return fail(exitFailed, errors.New(""))
			case strict && errs+warnings > 0:
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s, %s\n", file, plural(errs, "error"), plural(warnings, "warning"))
				return fail(exitHost, errors.New(""))
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: usable: %s, %s; %s, %s\n", file,
				plural(len(config.VRRP.Instances), "instance"), plural(len(config.Services), "service"),
				plural(errs, "error"), plural(warnings, "warning"))
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", defaultConfig(), "configuration `file`")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 2 when there are errors or warnings")
	return cmd
}
