package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/cmd/tandem/control"
	"github.com/tandem-ha/tandem/cmd/tandem/director"
)

func statusCommand() *cobra.Command {
	var runDir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [NAME ...]",
		Short: "Show what the running director does, and why",
		Long: `Asks the running director over its control socket: roles and since when and why,
virtual addresses as the kernel has them, adverts, and for each real server the
verdict of its checks, the weight that is wanted and the weight in the kernel.
Instances in FAULT come first. More than 20 instances have a line each; those that
are named are shown in full, and nothing else but what needs an eye.

The exit status is 1 when no director answers: a dead daemon cannot look alive.`,
		Example: "  tandem status\n  tandem status web mail\n  tandem status --json | jq '.instances[] | {name, state, reason}'",
		RunE: func(cmd *cobra.Command, names []string) error {
			var snapshot director.Snapshot
			client := control.Client{RunDir: runDir}
			if err := client.Status(cmd.Context(), &snapshot); err != nil {
				return fail(exitFailed, err)
			}
			shown, err := only(snapshot.Instances, names)
			if err != nil {
				return fail(exitFailed, err)
			}
			if asJSON {
				snapshot.Instances = shown
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return printed(encoder.Encode(snapshot))
			}
			if len(names) > 0 {
				return printed(printNamed(cmd.OutOrStdout(), snapshot, shown))
			}
			return printed(printStatus(cmd.OutOrStdout(), snapshot))
		},
	}
	cmd.Flags().StringVar(&runDir, "run-dir", defaultRunDir(), "`folder` of the director's control socket")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the whole snapshot as JSON")
	return cmd
}

// printStatus writes a snapshot for people. Ages count to the moment the
// director made it.
func printStatus(w io.Writer, s director.Snapshot) error {
	printHead(w, s)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if err := printInstances(table, s); err != nil {
		return err
	}
	for _, service := range s.Services {
		printService(table, s.At, service)
		if err := table.Flush(); err != nil {
			return err
		}
	}
	printFoundation(w, s)
	printBFD(table, s)
	return table.Flush()
}

// printNamed writes the head and these instances, in full.
func printNamed(w io.Writer, s director.Snapshot, instances []director.InstanceStatus) error {
	printHead(w, s)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, i := range instances {
		printInstance(table, s.At, i)
	}
	return table.Flush()
}

// printInstances writes all instances, in full where they are not many.
func printInstances(table *tabwriter.Writer, s director.Snapshot) error {
	many := len(s.Instances) > fullInstances
	if many {
		fmt.Fprintln(table)
	}
	for _, i := range troubledFirst(s.Instances) {
		if many {
			printLine(table, s.At, i)
			continue
		}
		printInstance(table, s.At, i)
	}
	if many {
		fmt.Fprintln(table, "tandem status NAME shows an instance in full")
	}
	return table.Flush()
}

// printHead writes who this is, and what needs an eye now.
func printHead(w io.Writer, s director.Snapshot) {
	fmt.Fprintf(w, "tandem %s on %s, pid %d, running for %s\n", s.Version, s.RouterID, s.PID, age(s.At, s.Started))
	fmt.Fprintf(w, "configuration %s, loaded %s ago, %s, %s\n", s.Config.File, age(s.At, s.Config.Loaded),
		plural(s.Config.Errors, "error"), plural(s.Config.Warnings, "warning"))
	printSummary(w, s.Instances)
	if r := s.Config.Reload; r != nil && r.Refused {
		fmt.Fprintf(w, "! the reload %s ago was refused and changed nothing:\n", age(s.At, r.At))
		for _, why := range r.Why {
			fmt.Fprintf(w, "!   %s\n", why)
		}
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(w, "! %s\n", warning)
	}
}

// printFoundation writes what the services rest on: connection sync, kernel
// settings, rules, and the table that all of it is for.
func printFoundation(w io.Writer, s director.Snapshot) {
	if sync := s.Sync; sync != nil {
		fmt.Fprintf(w, "\nconnection sync on %s, id %d: master daemon %s, backup daemon %s\n",
			sync.Interface, sync.SyncID, running(sync.Master), running(sync.Backup))
		printProblems(w, "", sync.Problems)
	}
	if set := s.Settings; set != nil {
		fmt.Fprintf(w, "\nkernel settings: %d of %d kept, %s undone\n", set.Kept, set.Wanted, plural(int(set.Repairs), "change"))
		printProblems(w, "", set.Missing)
		printProblems(w, "", set.Waiting)
		printProblems(w, "kernel settings: ", set.Problems)
	}
	if rules := s.Rules; rules != nil {
		fmt.Fprintf(w, "\nnftables: %s in table tandem, %s undone\n", plural(rules.Rules, "rule"), plural(int(rules.Repairs), "change"))
		printProblems(w, "nftables: ", rules.Problems)
	}
	if s.IPVS != nil {
		printProblems(w, "IPVS: ", s.IPVS.Errors)
		if p := s.IPVS.LastPass; p != nil && s.At.Sub(*p) > 30*time.Second {
			fmt.Fprintf(w, "! IPVS: the table was last compared %s ago\n", age(s.At, *p))
		}
	}
}

// printBFD writes the BFD sessions.
func printBFD(w io.Writer, s director.Snapshot) {
	if s.BFD == nil {
		return
	}
	fmt.Fprintln(w)
	for _, b := range s.BFD.Sessions {
		heard := "nothing heard"
		if b.Detection > 0 {
			heard = fmt.Sprintf("down after %s of silence", seconds(b.Detection))
		}
		fmt.Fprintf(w, "bfd %s\t%s for %s\tthere %s\ta packet each %s, %s\tdiagnostic: %s, there: %s\n", b.Name, b.State, age(s.At, b.Since), b.Remote,
			seconds(b.Interval), heard, b.Diagnostic, b.Theirs)
	}
	if len(s.BFD.Drops) > 0 {
		fmt.Fprintf(w, "bfd packets dropped: %s\n", counted(s.BFD.Drops))
	}
}

func printProblems(w io.Writer, of string, problems []string) {
	for _, problem := range problems {
		fmt.Fprintf(w, "! %s%s\n", of, problem)
	}
}

func printInstance(w io.Writer, at time.Time, i director.InstanceStatus) {
	group := ""
	if i.Group != "" {
		group = ", group " + i.Group
	}
	fmt.Fprintf(w, "\ninstance %s\t%s for %s\t%s\n", i.Name, i.State, age(at, i.Since), i.Reason)
	priority := strconv.Itoa(int(i.Priority))
	if i.BasePriority != i.Priority && i.BasePriority != 0 {
		priority += fmt.Sprintf(" (configured %d)", i.BasePriority)
	}
	fmt.Fprintf(w, "  link\t%s vrid %d v%d%s\tpriority %s, an advert each %gs\n", i.Interface, i.VRID, i.Version, group, priority, i.AdvertInterval)
	for _, t := range i.Tracked {
		fmt.Fprintf(w, "  tracked\t%s\t%s\n", t.Source, influence(t))
	}
	for _, a := range i.Addresses {
		where := "not on this host"
		if a.Present {
			where = "on this host"
		}
		fmt.Fprintf(w, "  address\t%s\t%s\n", a.Prefix, where)
	}
	sent, heard := "none sent", "none heard"
	if i.LastSent != nil {
		sent = fmt.Sprintf("%d sent, last %s ago", i.Sent, age(at, *i.LastSent))
	}
	if i.LastHeard != nil {
		heard = fmt.Sprintf("%d heard, last %s ago", i.Received, age(at, *i.LastHeard))
		if i.Master != "" {
			heard += fmt.Sprintf(" from %s priority %d", i.Master, i.MasterPriority)
		}
	}
	fmt.Fprintf(w, "  adverts\t%s\t%s\n", sent, heard)
	if l := i.Lateness; l.Adverts > 0 {
		fmt.Fprintf(w, "  lateness\t99.9 %% of adverts within %s\tat most %s\n", seconds(l.P999), seconds(l.Max))
	}
	if r := i.Repairs; r != nil {
		by := ""
		if r.By != "" {
			by = " by " + r.By
		}
		fmt.Fprintf(w, "  put back\t%s, last %s ago\t%s on %s, removed%s\n", plural(r.Count, "time"), age(at, r.Last), r.Address, r.Interface, by)
	}
	if len(i.Holds) > 0 {
		fmt.Fprintf(w, "  hold\t%s\n", strings.Join(i.Holds, ", "))
	}
	if len(i.Drops) > 0 {
		fmt.Fprintf(w, "  dropped\t%s\n", counted(i.Drops))
	}
	if len(i.Odd) > 0 {
		fmt.Fprintf(w, "  odd\t%s\n", counted(i.Odd))
	}
}

// counted shows counters by name.
func counted(counts map[string]uint64) string {
	var all []string
	for name, n := range counts {
		all = append(all, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func printService(w io.Writer, at time.Time, s director.ServiceStatus) {
	state := "quorum held"
	if s.QuorumLost {
		state = "QUORUM LOST"
	}
	if !s.InKernel {
		state += ", NOT IN THE KERNEL"
	}
	fmt.Fprintf(w, "\nservice %s %s\t%s: healthy weight %d, needs %d\n", s.Name, s.Scheduler, state, s.Have, s.Quorum)
	if len(s.Members) > 0 {
		fmt.Fprintf(w, "  and %s\n", listed(s.Members))
	}
	fmt.Fprintln(w, "  server\tverdict\tfor\tweight\tkernel\tactive\tinactive\twhy")
	for _, r := range s.Servers {
		since := "-"
		if r.Since != nil {
			since = age(at, *r.Since)
		}
		fmt.Fprintf(w, "  %s %s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", named(r.Addr), r.Forwarding, r.Verdict, since,
			weight(r.Wanted), weight(r.Kernel), r.Active, r.Inactive, r.Reason)
	}
}

// named is a server's address, with its port where it has one of its own.
func named(server netip.AddrPort) string {
	if server.Port() == 0 {
		return server.Addr().String()
	}
	return server.String()
}

// weight shows a table's weight; a server that is not in it shows a dash.
func weight(w *int32) string {
	if w == nil {
		return "-"
	}
	return strconv.Itoa(int(*w))
}

func running(on bool) string {
	if on {
		return "running"
	}
	return "NOT RUNNING"
}

// age is how long ago a moment was, as short as is still useful.
func age(at, then time.Time) string {
	d := max(at.Sub(then), 0)
	switch {
	case d < 10*time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return plural(int(d/(24*time.Hour)), "day")
}

// listed shows the first few of many names.
func listed(names []string) string {
	const shown = 4
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// influence is what something tracked does to its instance.
func influence(t director.TrackedStatus) string {
	effect := "good"
	switch {
	case t.Void:
		effect = "left out"
	case t.Fault:
		effect = "a fault"
	case t.Delta != 0:
		effect = fmt.Sprintf("priority %+d", t.Delta)
	}
	if t.Detail != "" {
		effect += ": " + t.Detail
	}
	return effect
}

// seconds is a short time as people read it.
func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Microsecond)
}
