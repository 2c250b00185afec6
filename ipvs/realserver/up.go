package realserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func upCommand() *cobra.Command {
	var flags wishFlags
	var runDir, show string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Make this host a real server",
		Long: `Gives this host the VIPs as addresses of lo (or of a dummy), silences it about
them, and brings up what unwraps tunnelled packets. It changes only what is not
so already, says what and why, and notes it in --run-dir, so that down undoes
exactly that. A second up changes nothing; one with other options for the same
VIP undoes what the former did and this one does not want.

  --arp sysctl   arp_ignore 1 and arp_announce 2, for all interfaces
  --arp nft      drops questions for the VIPs and replaces them in the host's own,
                 for these addresses only: for hosts whose other addresses must
                 be answered for on every interface
  --arp static   leaves ARP alone and prints the permanent neighbour entry for
                 the router

Method gre takes GRE without checksums; for those the kernel wants a device of
its own: ip link add gre-csum type gre local ADDR remote any csum.

--print shows the same as ip, sysctl and nft commands and changes nothing. The
script may be run as it is; --print=unit prints a systemd unit.`,
		Example: `  tandem realserver up --vip 203.0.113.10 --vip 2001:db8:1::10 --method dr
  tandem realserver up --vip 203.0.113.10 --method tun --dev dummy0
  tandem realserver up --vip 203.0.113.10 --method gue --tun-port 6080
  tandem realserver up --vip 203.0.113.10 --method dr --print > realserver.sh`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := flags.wish()
			switch {
			case err != nil:
				return err
			case w.Method == NAT:
				return errors.New("--method nat: the real servers of NAT services need no setting up; see tandem realserver verify --method nat")
			case show != "" && show != "sh" && show != "unit":
				return fmt.Errorf("--print=%s: want sh or unit", show)
			}
			facts, err := Gather(cmd.Context(), w, false)
			if err != nil {
				return fail(err)
			}
			steps, err := Plan(facts, w)
			if err != nil {
				return fail(err)
			}
			if show == "" {
				if err := mayChange(); err != nil {
					return fail(err)
				}
				return fail(up(cmd.Context(), cmd.OutOrStdout(), runDir, facts, w, steps))
			}
			r, err := loadRecord(runDir)
			if err != nil {
				return fail(err)
			}
			steps = r.known(steps)
			if show == "unit" {
				return fail(printUnit(cmd.OutOrStdout(), w, steps))
			}
			return fail(printShell(cmd.OutOrStdout(), w, steps))
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&show, "print", "", "print a script (or =unit, a systemd unit) and change nothing")
	cmd.Flags().Lookup("print").NoOptDefVal = "sh"
	runDirFlag(cmd, &runDir)
	return cmd
}

// up carries the steps out that are missing, noting each before it is taken: a
// step that is noted and was not taken is undone in vain, the other way round
// it would stay for ever. Then it undoes what an earlier up did for the VIPs and
// this one does not want.
func up(ctx context.Context, out io.Writer, dir string, f Facts, w Wish, steps []Step) error {
	r, err := loadRecord(dir)
	if err != nil {
		return err
	}
	changed := 0
	for _, s := range steps {
		known := r.find(s) >= 0
		for _, vip := range concerned(s, w.VIPs) {
			r.need(s, vip)
		}
		r.renew(s)
		if s.Done {
			continue
		}
		if err := r.save(dir); err != nil {
			return err
		}
		if err := s.apply(); err != nil {
			if !known { // It was not taken.
				r.Steps = slices.DeleteFunc(r.Steps, func(e entry) bool { return e.Step.same(s) })
			}
			return errors.Join(err, r.save(dir))
		}
		changed++
		fmt.Fprintf(out, "set  %s%s\n     %s\n", s, s.instead(), s.Why)
	}
	outgrown := r.outgrow(f, w, steps)
	changed += len(outgrown)
	err = r.revert(out, outgrown, w.VIPs)
	r.remember(w)
	if err := errors.Join(err, r.save(dir)); err != nil {
		return err
	}
	if changed == 0 {
		fmt.Fprintf(out, "nothing to do: this host is a real server of %s by %s\n", join(w.VIPs), w.Method)
	}
	if w.ARP == Static {
		printNeighbours(out, w)
	}
	return remaining(ctx, out, w, changed > 0)
}

// mayChange says what lacks to change this host's network.
func mayChange() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // Of 32 capabilities each.
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("read this process's capabilities: %w", err)
	}
	if sets[0].Effective&(1<<unix.CAP_NET_ADMIN) == 0 {
		return errors.New("this user may not change the network: run it as root (CAP_NET_ADMIN)")
	}
	return nil
}

// concerned returns for which VIPs a step is taken.
func concerned(s Step, vips []netip.Addr) []netip.Addr {
	if s.Address.IsValid() {
		return []netip.Addr{s.Address.Addr()}
	}
	return vips
}

// instead says what a setting was.
func (s Step) instead() string {
	if s.Kind != Set {
		return ""
	}
	return fmt.Sprintf(" (was %d)", s.Before)
}

// remaining prints what up could not put right; what it can never, the MTU of
// the network, only where something was new.
func remaining(ctx context.Context, out io.Writer, w Wish, news bool) error {
	facts, err := Gather(ctx, w, false)
	if err != nil {
		return err
	}
	findings := slices.DeleteFunc(Judge(facts, w), func(f Finding) bool {
		return f.Severity == Pass || f.Check == PathMTU && !news
	})
	for _, f := range findings {
		printFinding(out, f)
	}
	if n := Failed(findings); n > 0 {
		return fmt.Errorf("still wrong: %d, see above", n)
	}
	return nil
}

// printNeighbours prints what the router must know where this host does not
// keep silent.
func printNeighbours(out io.Writer, w Wish) {
	fmt.Fprintln(out, "at the router, for each VIP (DEVICE is its interface towards the directors):")
	for _, vip := range w.VIPs {
		if vip.Is4() {
			fmt.Fprintf(out, "  ip neigh replace %s lladdr MAC-OF-THE-DIRECTOR nud permanent dev DEVICE\n", vip)
		}
	}
	fmt.Fprint(out, `The entry must name the director that holds the VIP: with a virtual MAC
(use_vmac: 00:00:5e:00:01:VRID) it is right for both; otherwise something must
rewrite it at each failover, and until then clients lose the service. Other
hosts in the VIP's network need the entry, too. Prefer --arp sysctl.
`)
}

func downCommand() *cobra.Command {
	var vips []string
	var runDir string
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Undo exactly what up did",
		Long: `Takes back what up has changed, in the reverse order, and nothing else: what was
so before stays, a setting gets its former value, and one that somebody else has
changed since is left alone. Without --vip for all VIPs; what another VIP still
needs stays. A second down changes nothing.`,
		Example: "  tandem realserver down\n  tandem realserver down --vip 203.0.113.10",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var addrs []netip.Addr
			for _, text := range vips {
				a, err := netip.ParseAddr(text)
				if err != nil {
					return fmt.Errorf("--vip %q: want an IP address without a length", text)
				}
				addrs = append(addrs, a)
			}
			if err := mayChange(); err != nil {
				return fail(err)
			}
			return fail(down(cmd.OutOrStdout(), runDir, addrs))
		},
	}
	cmd.Flags().StringSliceVar(&vips, "vip", nil, "`address` to give up; all by default")
	runDirFlag(cmd, &runDir)
	return cmd
}

// down undoes what the record says. What cannot be undone stays in the record,
// for another attempt.
func down(out io.Writer, dir string, vips []netip.Addr) error {
	r, err := loadRecord(dir)
	if err != nil {
		return err
	}
	if len(vips) == 0 {
		vips = r.vips()
		for _, e := range r.Steps {
			vips = append(vips, e.VIPs...) // Of an up that did not come to its end.
		}
	}
	steps := r.release(vips)
	err = r.revert(out, steps, vips)
	if len(steps) == 0 {
		fmt.Fprintln(out, "nothing to do: up has changed nothing here that is not undone")
	}
	return errors.Join(err, r.save(dir))
}
