package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The configuration files that are looked for when -f is not given.
var configFiles = [...]string{"/etc/tandem/tandem.conf", "/etc/keepalived/keepalived.conf"}

// defaultConfig is the first default file that exists; if none does it is the
// first, so that the error names tandem's own.
func defaultConfig() string {
	for _, file := range configFiles {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return configFiles[0]
}

// defaultRunDir and defaultStateDir follow systemd's RuntimeDirectory= and
// StateDirectory=, which hand down a list separated by colons.
func defaultRunDir() string { return firstOf("RUNTIME_DIRECTORY", "/run/tandem") }

func defaultStateDir() string { return firstOf("STATE_DIRECTORY", "/var/lib/tandem") }

func firstOf(variable, otherwise string) string {
	if dir, _, _ := strings.Cut(os.Getenv(variable), ":"); dir != "" {
		return dir
	}
	return otherwise
}

// configIDFlag adds keepalived's -i, by which one file serves several hosts.
func configIDFlag(cmd *cobra.Command, id *string) {
	cmd.Flags().StringVarP(id, "config-id", "i", "", "`id` that lines with @ID are for (default: the name of this host up to the first dot)")
}
