package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/conf"
)

// check is one call of the command: what it was asked.
type check struct {
	file, configID     string
	strict, keepalived bool // which exit status
	json               bool
	color              colorMode

	dump               bool
	secrets, positions bool // of the dump
	explain            bool
	against, againstID string
}

func checkCommand() *cobra.Command {
	var c check
	cmd := &cobra.Command{
		Use:     "check [FILE]",
		Short:   "Read a configuration and say what is wrong with it",
		Long:    checkLong,
		Example: checkExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// A read of a pipe may wait for ever, and looks at no context.
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			if len(args) == 1 {
				if cmd.Flags().Changed("file") {
					return fmt.Errorf("two files, %s and %s: say one of them, or --against for the other director's", c.file, args[0])
				}
				c.file = args[0]
			}
			return c.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&c.file, "file", "f", defaultConfig(), "configuration `file`; - is standard input")
	configIDFlag(cmd, &c.configID)
	flags.BoolVar(&c.strict, "strict", false, "exit with 2 when there are errors or warnings")
	flags.BoolVar(&c.keepalived, "keepalived-exit-codes", false, "exit as keepalived --config-test does")
	flags.BoolVar(&c.json, "json", false, "print one JSON object instead of lines")
	flags.Var(&c.color, "color", "colours and source lines: `when` is auto, always or never")
	flags.BoolVar(&c.dump, "dump", false, "print the effective configuration; what is wrong goes to standard error")
	flags.BoolVar(&c.secrets, "show-secrets", false, "with --dump: passwords too")
	flags.BoolVar(&c.positions, "positions", false, "with --dump: behind each statement, where the file says it")
	flags.BoolVar(&c.explain, "explain", false, "print who would be master after every single failure of what is tracked")
	flags.StringVar(&c.against, "against", "", "compare with the other director's `file`")
	flags.StringVar(&c.againstID, "against-id", "", "`id` that lines with @ID are for on the other director (default: none)")
	if err := cmd.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(colorModes[:], cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is there
	}
	return cmd
}

// run reads, judges, prints and gives the exit status.
func (c *check) run(cmd *cobra.Command) error {
	switch {
	case c.strict && c.keepalived:
		return errors.New("--strict and --keepalived-exit-codes do not go together")
	case c.dump && c.explain:
		return errors.New("--dump and --explain do not go together")
	case c.dump && c.against != "":
		return errors.New("--dump and --against do not go together")
	case c.secrets && !c.dump:
		return errors.New("--show-secrets is for --dump")
	case c.positions && !c.dump:
		return errors.New("--positions is for --dump")
	case c.againstID != "" && c.against == "":
		return errors.New("--against-id is for --against")
	case c.against != "" && c.againstID == "" && filepath.Clean(c.against) == filepath.Clean(c.file):
		return errors.New("one file for both directors: say with --against-id who the other one is")
	}
	t := readTarget(cmd.InOrStdin(), c.file, c.configID)
	var other *target
	if c.against != "" {
		o := t.readOther(cmd.InOrStdin(), c.against, c.againstID)
		other = &o
		t.compared = conf.Against(t.file, o.file)
	}
	if err := c.print(cmd, t, other); err != nil {
		return fail(exitFailed, fmt.Errorf("print: %w", err))
	}
	return c.status(cmd.ErrOrStderr(), t, other)
}

// print shows what was found, and what else was asked for.
func (c *check) print(cmd *cobra.Command, t target, other *target) error {
	out := cmd.OutOrStdout()
	switch {
	case c.dump:
		return errors.Join(newPrinter(cmd.ErrOrStderr(), c.color, texts(t, other)).all(t.found), c.printDump(out, t))
	case c.json:
		return printJSON(out, c.report(t, other))
	}
	p := newPrinter(out, c.color, texts(t, other))
	p.found(t.found)
	if other != nil {
		p.found(other.fatal())
		p.found(t.compared)
	}
	if c.explain && !t.found.Fatal() {
		p.outcomes(outcomes(t, other), both(other))
	}
	return p.out.Flush()
}

// printDump prints what the file means.
func (c *check) printDump(out io.Writer, t target) error {
	if t.found.Fatal() {
		return nil
	}
	options := conf.PrintOptions{File: t.name, Secrets: c.secrets, Positions: c.positions}
	if c.json {
		return conf.PrintJSON(out, t.file.Nodes(), options)
	}
	return conf.Print(out, t.file.Nodes(), options)
}

// status says in one line what comes of the file, and exits by it. What is wrong
// between two files counts as what is wrong in one.
func (c *check) status(w io.Writer, t target, other *target) error {
	refused := t
	all := slices.Concat(t.found, t.compared)
	if other != nil && other.found.Fatal() {
		all = append(all, other.fatal()...)
		if !t.found.Fatal() {
			refused = *other
		}
	}
	fatal, errs, warnings := all.Count(conf.Fatal), all.Count(conf.Error), all.Count(conf.Warning)
	code := 0
	switch {
	case c.keepalived:
		code = keepalivedStatus(all)
	case fatal > 0:
		code = exitFailed
	case c.strict && errs+warnings > 0:
		code = exitHost
	}
	if c.json && !c.dump {
		return quietly(code)
	}
	counts := plural(errs, "error") + ", " + plural(warnings, "warning")
	line := t.name + ": " + counts
	switch {
	case fatal > 0:
		line = refused.name + ": tandem will not run with this file"
	case code == 0:
		config := t.file.Config()
		line = fmt.Sprintf("%s: usable: %s, %s; %s", t.name,
			plural(len(config.VRRP.Instances), "instance"), plural(len(config.Services), "service"), counts)
	}
	if _, err := fmt.Fprintln(w, line); err != nil {
		return fail(exitFailed, fmt.Errorf("print: %w", err))
	}
	return quietly(code)
}

// quietly exits with a status about which everything has been said.
func quietly(code int) error {
	if code == 0 {
		return nil
	}
	return fail(code, errors.New(""))
}
