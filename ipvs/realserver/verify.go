package realserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func verifyCommand() *cobra.Command {
	var flags wishFlags
	var runDir, gateway, client string
	var ports []string
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Say what is right and wrong with this host as a real server",
		Long: `Checks one thing after another, from the address to the way back, and says how
to mend what is wrong: the VIP and its prefix, ARP, who else in the network
answers for the VIP (it asks, with ARP probes and neighbour solicitations), what
unwraps, the reverse path filter, the MTU, the route of replies, and with --port
whether somebody listens. It changes nothing.

Without --vip it checks what up has set up. With --method nat it checks that
replies go through --gateway, the address inside that floats with the VIP.

Exit status: 0 nothing is wrong (there may be warnings), 1 something is.`,
		Example: `  tandem realserver verify
  tandem realserver verify --vip 203.0.113.10 --method dr --port 80 --port 53/udp
  tandem realserver verify --vip 203.0.113.10 --method gue --tun-port 6080 --from 10.0.0.2
  tandem realserver verify --method nat --gateway 10.0.0.1 --client 198.51.100.7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			wishes, err := verifyWishes(cmd, &flags, runDir)
			if err != nil {
				return err
			}
			var findings []Finding
			for _, w := range wishes {
				if err := w.detail(gateway, client, flags.from, ports); err != nil {
					return err
				}
				facts, err := Gather(cmd.Context(), w, !quiet)
				if err != nil {
					return fail(err)
				}
				findings = append(findings, Judge(facts, w)...)
			}
			return report(cmd.OutOrStdout(), findings, asJSON)
		},
	}
	flags.register(cmd)
	set := cmd.Flags()
	set.Lookup("method").Usage = "how the directors forward: dr, tun, gue, gre or nat"
	set.StringVar(&gateway, "gateway", "", "with --method nat: the directors' floating `address` inside")
	set.StringVar(&client, "client", "", "`address` of a client; by default one far away")
	set.StringSliceVar(&ports, "port", nil, "`port` that somebody must listen at, such as 80 or 53/udp; may be repeated")
	set.BoolVar(&quiet, "quiet", false, "do not ask the network who has the VIP")
	set.BoolVar(&asJSON, "json", false, "print the findings as JSON")
	runDirFlag(cmd, &runDir)
	return cmd
}

// verifyWishes returns what to check: what the flags say, or what up has made.
func verifyWishes(cmd *cobra.Command, flags *wishFlags, runDir string) ([]Wish, error) {
	if len(flags.vips) > 0 || flags.method == string(NAT) {
		w, err := flags.wish()
		return []Wish{w}, err
	}
	for _, name := range []string{"method", "dev", "arp", "outer", "tun-port"} {
		if cmd.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s needs --vip", name)
		}
	}
	r, err := loadRecord(runDir)
	if err != nil {
		return nil, fail(err)
	}
	if len(r.Wishes) == 0 {
		return nil, errors.New("--vip is missing: up has set nothing up on this host that could be checked without it")
	}
	return together(r.Wishes), nil
}

// together puts the VIPs of one way into one wish: they are judged, and the
// network is asked about them, at once.
func together(wishes []Wish) (list []Wish) {
	for _, w := range wishes {
		i := slices.IndexFunc(list, func(o Wish) bool {
			return o.Method == w.Method && o.Device == w.Device && o.ARP == w.ARP && o.Port == w.Port && o.Outer == w.Outer
		})
		if i < 0 {
			i = len(list)
			list = append(list, w)
			list[i].VIPs = nil
		}
		list[i].VIPs = append(list[i].VIPs, w.VIPs...)
	}
	return list
}

// detail adds what only verify asks for.
func (w *Wish) detail(gateway, client, from string, ports []string) (err error) {
	if w.Gateway, err = optional("--gateway", gateway); err != nil {
		return err
	}
	if w.Client, err = optional("--client", client); err != nil {
		return err
	}
	if w.From, err = optional("--from", from); err != nil {
		return err
	}
	switch {
	case w.Method == NAT && !w.Gateway.IsValid():
		return errors.New("--gateway is missing: the directors' floating address inside (virtual_ipaddress of the inside instance)")
	case w.Method != NAT && w.Gateway.IsValid():
		return errors.New("--gateway is for --method nat: replies of DR and TUN do not go through the director")
	}
	for _, text := range ports {
		port, err := ParsePort(text)
		if err != nil {
			return fmt.Errorf("--port: %w", err)
		}
		w.Listen = append(w.Listen, port)
	}
	return nil
}

// report prints the findings and returns an error where one says Fail.
func report(out io.Writer, findings []Finding, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(findings); err != nil {
			return fail(err)
		}
	} else {
		for _, f := range findings {
			printFinding(out, f)
		}
	}
	switch n := Failed(findings); n {
	case 0:
		return nil
	case 1:
		return fail(errors.New("1 thing is wrong with this real server"))
	default:
		return fail(fmt.Errorf("%d things are wrong with this real server", n))
	}
}

// printFinding writes a line, and how to mend it on another.
func printFinding(out io.Writer, f Finding) {
	fmt.Fprintf(out, "%s  %-9s  %s\n", f.Severity, f.Check, f.Text)
	if f.Fix != "" {
		fmt.Fprintf(out, "%sfix: %s\n", strings.Repeat(" ", 17), f.Fix)
	}
}
