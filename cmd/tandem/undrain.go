package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/control"
)

func undrainCommand() *cobra.Command {
	var runDir string
	var order control.Undrain
	cmd := &cobra.Command{
		Use:   "undrain [SERVER]",
		Short: "End a manual drain: the server gets its weight again",
		Long: `A real server that somebody gave weight 0 from outside, as with
ipvsadm -e -t VIP:80 -r SERVER:80 -w 0, takes no new connections, whatever its
checks say, until this command, a reload or a restart.

Without a SERVER all manual drains end. The exit status is 1 when there is no
such drain or no director answers.`,
		Example: "  tandem undrain 10.0.0.11:80\n  tandem undrain 10.0.0.11:80 --service '192.0.2.80:80 TCP'\n  tandem undrain",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				order.Server = args[0]
			}
			client := control.Client{RunDir: runDir}
			ended, err := client.Undrain(cmd.Context(), order)
			if err != nil {
				return fail(exitFailed, err)
			}
			if len(ended) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "no server is drained by hand")
			}
			for _, d := range ended {
				fmt.Fprintf(cmd.OutOrStdout(), "%s of %s: no longer drained, after %s\n", d.Server, d.Service, age(time.Now(), d.Since))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&runDir, "run-dir", defaultRunDir(), "`folder` of the director's control socket")
	cmd.Flags().StringVar(&order.Service, "service", "", "only in this `service`, named as in the status")
	return cmd
}
