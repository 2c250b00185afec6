package realserver

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func showCommand() *cobra.Command {
	var runDir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show what a real server depends on, as it is on this host",
		Long: `Shows the addresses of loopback aliases, what up has set up, how each interface
treats ARP and the reverse path (the values that count: the greater of its own
and those of "all"), and what unwraps. It judges nothing: see verify.`,
		Example: "  tandem realserver show\n  tandem realserver show --json | jq '.facts.links[] | {name, arp_ignore}'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			facts, err := Gather(cmd.Context(), Wish{}, false)
			if err != nil {
				return fail(err)
			}
			r, err := loadRecord(runDir)
			if err != nil { // The host can be shown all the same.
				r = &record{}
				facts.Unknown = append(facts.Unknown, err.Error())
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return fail(encoder.Encode(shown{facts, r}))
			}
			return fail(printFacts(cmd.OutOrStdout(), facts, r))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON")
	runDirFlag(cmd, &runDir)
	return cmd
}

// shown is what show --json prints.
type shown struct {
	Facts  Facts   `json:"facts"`
	Record *record `json:"record"`
}

func printFacts(out io.Writer, f Facts, r *record) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "address\tdevice\tmethod\tset by")
	n := 0
	for _, l := range f.Links {
		for _, a := range l.Addresses {
			if !l.Silent || a.Prefix.Addr().IsLoopback() || a.Prefix.Addr().IsLinkLocalUnicast() {
				continue
			}
			n++
			method, by := r.origin(a, l.Name)
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", a.Prefix, l.Name+state(l.Up), method, by)
		}
	}
	if n == 0 {
		fmt.Fprintln(table, "none\t\t\t")
	}
	fmt.Fprintln(table, "\ninterface\ttype\tmtu\tarp_ignore\tarp_announce\trp_filter")
	for _, l := range f.Links {
		s := f.effective(l)
		ignore, announce := itoa(s.ARPIgnore), itoa(s.ARPAnnounce)
		if l.Silent {
			ignore, announce = "-", "-" // Nobody asks there.
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%d\n", l.Name+state(l.Up), l.Type, l.MTU, ignore, announce, s.RPFilter)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, one := range f.Receivers {
		kind := "FOU"
		if one.GUE {
			kind = "GUE"
		}
		fmt.Fprintf(out, "\n%s received at UDP port %d, IPv%d", kind, one.Port, one.IP)
	}
	for _, filter := range f.Filters {
		where := "asked for"
		if filter.Out {
			where = "as sender"
		}
		fmt.Fprintf(out, "\nARP hidden %s: %s %s", where, filter.Target, strings.TrimSpace(filter.Device+" by "+filter.By))
	}
	for _, what := range f.Unknown {
		fmt.Fprintf(out, "\n! not read: %s", what)
	}
	if len(f.Receivers)+len(f.Filters)+len(f.Unknown) > 0 {
		fmt.Fprintln(out)
	}
	return nil
}

// state marks a device that is down.
func state(up bool) string {
	if up {
		return ""
	}
	return " (down)"
}

// origin says for which method an address was set up, and by whom.
func (r *record) origin(a Address, device string) (method, by string) {
	method, by = "-", "somebody else"
	for _, w := range r.Wishes {
		if len(w.VIPs) == 1 && w.VIPs[0] == a.Prefix.Addr() {
			method = string(w.Method)
		}
	}
	if r.find(Step{Kind: AddAddress, Device: device, Address: a.Prefix, Host: true}) >= 0 {
		by = "up"
	}
	return method, by
}
