// Package realserver sets a host up as a real server of DR and TUN services,
// and finds out what is wrong with one: the virtual address on a loopback
// alias, the silence about it, the tunnel that takes the packets out of their
// wrapping (Documentation/networking/ip-sysctl.rst: arp_ignore, arp_announce,
// rp_filter).
package realserver

import "github.com/spf13/cobra"

// Command is `tandem realserver`.
func Command() *cobra.Command { return &cobra.Command{Use: "realserver"} }
