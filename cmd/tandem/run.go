package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
)

func runCommand() *cobra.Command {
	var options director.Options
	var debug bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Be a director, in the foreground",
		Long: `Runs a director with a keepalived.conf until SIGTERM or SIGINT. Logs go to
standard error. SIGHUP reloads: a file that is refused changes nothing.

A stop first tells the other director (an advert with priority 0), then takes
the virtual addresses away, waits three seconds where connections are synchronised
so that the newest ones reach the other director too, and removes its IPVS
services last. One tandem runs in a network namespace.

SIGUSR2 ends the process and leaves everything: addresses (for ever), services and
connections. Whoever starts tandem again within three adverts, after an upgrade for
example, goes on as master; nobody notices.

Exit status: 0 stopped as asked, 1 the configuration is refused, 2 this host
cannot run it (not root, no IPVS, another tandem runs), 3 it failed while
running, 64 the command line is wrong.`,
		Example: `  tandem run
  tandem run -f keepalived.conf --debug
  tandem run -f pair.conf -i lb1     # one file for both directors: lines with @lb1 count, those with @lb2 do not`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if debug {
				level = slog.LevelDebug
			}
			out := newLogWriter(os.Stderr)
			go out.Run()
			defer out.Close(logPatience)
			options.Version = version
			options.Log = logger(out, level)
			return run(cmd.Context(), options)
		},
	}
	cmd.Flags().StringVarP(&options.Config, "file", "f", defaultConfig(), "configuration `file`")
	configIDFlag(cmd, &options.ConfigID)
	cmd.Flags().StringVar(&options.RunDir, "run-dir", defaultRunDir(), "`folder` for the control socket and the record of what tandem owns")
	cmd.Flags().StringVar(&options.StateDir, "state-dir", defaultStateDir(), "`folder` for what shall outlive a reboot")
	cmd.Flags().BoolVar(&debug, "debug", false, "log every detail")
	return cmd
}

// logPatience bounds the wait for the last log lines to be read.
const logPatience = 500 * time.Millisecond

// logger writes lines of key=value. Under systemd the journal has the time
// already.
func logger(out io.Writer, level slog.Level) *slog.Logger {
	_, journal := os.LookupEnv("JOURNAL_STREAM")
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				if journal {
					return slog.Attr{}
				}
				a.Value = slog.StringValue(a.Value.Time().Format("2006-01-02T15:04:05.000Z07:00"))
			}
			return a
		},
	}))
}

func run(ctx context.Context, options director.Options) error {
	// From here on a SIGHUP waits for its turn instead of ending the process.
	hup, leave := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	signal.Notify(leave, syscall.SIGUSR2)
	defer signal.Stop(leave)
	d, err := director.New(ctx, options)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // told to stop before it had started
	case errors.Is(err, director.ErrConfig):
		return fail(exitFailed, err)
	case err != nil:
		return fail(exitHost, err)
	}
	begun := time.Now()
	if err := d.Run(ctx, director.Signals{Reload: hup, Leave: leave}); err != nil {
		return fail(exitRunning, err)
	}
	options.Log.Info("stopped", "ran", time.Since(begun).Round(time.Second))
	return nil
}
