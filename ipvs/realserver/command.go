// Package realserver sets a host up as a real server of DR and TUN services,
// and finds out what is wrong with one: the virtual address on a loopback
// alias, the silence about it, the tunnel that takes the packets out of their
// wrapping (Documentation/networking/ip-sysctl.rst: arp_ignore, arp_announce,
// rp_filter).
//
// Gather reads the host into Facts. Plan and Judge are pure functions of Facts
// and a Wish: the steps that make the host so, and what is right and wrong with
// it. A Step is executed, recorded, undone and printed from one value, so that
// what --print shows is what up does.
package realserver

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// exitFailed is the exit status where verify finds a fault, or something could
// not be done.
const exitFailed = 1

// exitError is an error that knows its exit status.
type exitError struct{ err error }

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

// ExitCode returns the exit status that the error asks for.
func (e exitError) ExitCode() int { return exitFailed }

func fail(err error) error {
	if err == nil {
		return nil
	}
	return exitError{err}
}

// Command is `tandem realserver`. Errors that carry an exit status have a
// method ExitCode() int; others are errors of the command line.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "realserver",
		Args:  cobra.NoArgs,                                                     // A wrong word is an error,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // and none asks for help.
		Short: "Make this host a real server, and find what is wrong with one",
		Long: `The other half of DR and TUN. A real server has the VIP, so that it accepts what
the directors send on and replies with the VIP as source; and it neither answers
nor asks with it in ARP, so that clients find the director. Where the packets
come wrapped it also needs a device that unwraps them, and a reverse path filter
that lets them in. Real servers of NAT and FULLNAT services need none of it;
those of NAT need the directors' inside address as gateway, see verify.

IPv6 needs no silence: the kernel answers for an address only on the interface
that has it.`,
		Example: `  tandem realserver up --vip 203.0.113.10 --method dr
  tandem realserver verify
  tandem realserver down`,
	}
	cmd.AddCommand(upCommand(), downCommand(), showCommand(), verifyCommand())
	return cmd
}

// wishFlags are the flags that say which real server is meant.
type wishFlags struct {
	vips                []string
	method, device, arp string
	port                uint16
	outer               int
	from                string
}

func (f *wishFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringSliceVar(&f.vips, "vip", nil, "`address` of the virtual service; may be repeated")
	set.StringVar(&f.method, "method", "dr", "how the directors forward: dr, tun, gue or gre")
	set.StringVar(&f.device, "dev", "lo", "`device` that has the VIP: lo, or a dummy such as dummy0, made where absent")
	set.StringVar(&f.arp, "arp", "sysctl", "`way` to keep silent about the VIP: sysctl, nft or static")
	set.Uint16Var(&f.port, "tun-port", 0, "UDP `port` of GUE (tun_port at the director)")
	set.IntVar(&f.outer, "outer", 0, "IP `version` of the wrapping, 4 or 6; by default each VIP's own")
	set.StringVar(&f.from, "from", "", "own `address` of a director, towards which interfaces and MTU are judged")
}

// wish reads the flags.
func (f *wishFlags) wish() (Wish, error) {
	w := Wish{Method: Method(f.method), Device: f.device, ARP: ARP(f.arp), Port: f.port, Outer: family(f.outer)}
	for _, text := range f.vips {
		vip, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return w, fmt.Errorf("--vip %q: want an IP address without a length", text)
		}
		w.VIPs = append(w.VIPs, vip)
	}
	var err error
	if w.From, err = optional("--from", f.from); err != nil {
		return w, err
	}
	return w, w.Check()
}

// optional reads an address that may be absent.
func optional(flag, text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return a, fmt.Errorf("%s %q: want an IP address", flag, text)
	}
	return a, nil
}

// runDirFlag registers the folder of the record.
func runDirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "run-dir", defaultRunDir(), "`folder` where up notes what it has changed")
}

func defaultRunDir() string {
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" && !strings.Contains(dir, ":") {
		return dir
	}
	return "/run/tandem"
}
