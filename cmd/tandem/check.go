package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
	"github.com/tandem-ha/tandem/conf"
)

// check is one call of the command: what it was asked.
type check struct {
	file, configID     string
	strict, keepalived bool // which exit status
	json               bool
	color              colorMode
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
			if len(args) == 1 {
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
	cmd.MarkFlagsMutuallyExclusive("strict", "keepalived-exit-codes")
	if err := cmd.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(colorModes[:], cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is there
	}
	return cmd
}

// run reads, judges, prints and gives the exit status.
func (c *check) run(cmd *cobra.Command) error {
	t := readTarget(cmd.InOrStdin(), c.file, c.configID)
	if err := c.print(cmd, t); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return c.status(cmd.ErrOrStderr(), t)
}

// print shows what was found.
func (c *check) print(cmd *cobra.Command, t target) error {
	if c.json {
		return printJSON(cmd.OutOrStdout(), t.report())
	}
	return newPrinter(cmd.OutOrStdout(), c.color, t.texts()).all(t.found)
}

// target is a file that is checked.
type target struct {
	name     string // as it was given
	configID string
	text     []byte // of standard input; nil: it is on the disk
	file     *conf.File
	found    conf.Diagnostics
}

// stdinName stands for standard input in positions. No file is called so.
const stdinName = "<stdin>"

// readTarget reads a file as this host would run it.
func readTarget(stdin io.Reader, name, configID string) target {
	options := director.ReadOptions(configID)
	t := target{name: name, configID: options.ConfigID}
	if name != "-" {
		t.file, t.found = conf.Read(name, options)
	} else {
		var text bytes.Buffer
		t.name = stdinName
		t.file, t.found = conf.ReadFrom(stdinName, io.TeeReader(stdin, &text), options)
		t.text = text.Bytes()
	}
	t.found = director.Judge(t.file, t.found)
	return t
}

// texts are the files that cannot be read a second time.
func (t target) texts() map[string][]byte {
	if t.text == nil {
		return nil
	}
	return map[string][]byte{t.name: t.text}
}

// status says in one line what comes of the file, and exits by it.
func (c *check) status(w io.Writer, t target) error {
	fatal, errs, warnings := t.found.Count(conf.Fatal), t.found.Count(conf.Error), t.found.Count(conf.Warning)
	code := 0
	switch {
	case c.keepalived:
		code = keepalivedStatus(t.found)
	case fatal > 0:
		code = exitFailed
	case c.strict && errs+warnings > 0:
		code = exitHost
	}
	if c.json {
		return quietly(code)
	}
	config := t.file.Config()
	line := fmt.Sprintf("%s: usable: %s, %s; %s, %s", t.name,
		plural(len(config.VRRP.Instances), "instance"), plural(len(config.Services), "service"),
		plural(errs, "error"), plural(warnings, "warning"))
	switch {
	case fatal > 0:
		line = t.name + ": tandem will not run with this file"
	case code != 0:
		line = fmt.Sprintf("%s: %s, %s", t.name, plural(errs, "error"), plural(warnings, "warning"))
	}
	if _, err := fmt.Fprintln(w, line); err != nil {
		return fmt.Errorf("print: %w", err)
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
