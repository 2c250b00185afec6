package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
	"github.com/tandem-ha/tandem/vrrp/link"
)

func cleanupCommand() *cobra.Command {
	var force, afterFailure bool
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "Remove the virtual addresses that a director that died has left",
		Long: `A director that is killed cannot take its virtual addresses away. The kernel
does so by itself after their lifetime (vip_lifetime), a few seconds; this
command does it at once, so that nobody but the other director answers for them.

It removes what carries tandem's mark in this network namespace: addresses
(shown by ip -d address as "proto 112"), and the routes, rules, interfaces and
packet filters that came with them. It leaves IPVS alone: the next start adopts
its services without touching connections. It never removes anything of
somebody else.

The systemd unit runs it when the director did not end by itself:

  ExecStopPost=-/usr/sbin/tandem cleanup --after-failure

Before Linux 5.18 the kernel keeps no mark on addresses. They cannot be told
from others there, and only their lifetime takes them away.

Exit status:
  0  nothing of tandem is left, or nothing was to be done
  1  something could not be removed, or the kernel keeps no marks
  2  a tandem runs in this network namespace, or the right to do this is missing`,
		Example: "  tandem cleanup\n  ip netns exec blue tandem cleanup",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if result := os.Getenv("SERVICE_RESULT"); afterFailure && (result == "" || result == "success") {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "nothing to do: the director ended by itself, and left what it was told to leave")
				return printed(err)
			}
			if !force {
				claim, err := director.ClaimNamespace()
				if err != nil {
					return fail(exitHost, errors.New("a tandem runs in this network namespace and looks after its addresses itself; stop it first (--force: do it nevertheless)"))
				}
				defer claim.Close()
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
			removed, err := link.Cleanup(cmd.Context(), log)
			for _, what := range removed {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), "removed", what); err != nil {
					return printed(err)
				}
			}
			switch {
			case errors.Is(err, unix.EPERM):
				return fail(exitHost, fmt.Errorf("clean up: %w; run it as root or with CAP_NET_ADMIN", err))
			case err != nil:
				return fail(exitFailed, fmt.Errorf("clean up: %w", err))
			case len(removed) == 0:
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "nothing of tandem is left here")
			}
			return printed(err)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "even while a tandem runs in this network namespace, which will put them back")
	cmd.Flags().BoolVar(&afterFailure, "after-failure", false, "do nothing if systemd says that the service ended well ($SERVICE_RESULT)")
	return cmd
}
