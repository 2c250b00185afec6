package realserver

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// printShell writes the steps as a shell script, and below it the unit as a
// comment: what is printed can be run.
func printShell(w io.Writer, wish Wish, steps []Step) error {
	fmt.Fprintf(w, "#!/bin/sh\n# %s\nset -e\n", strings.Join(wish.command("up"), " "))
	why := ""
	for _, s := range steps {
		if s.Why != why {
			why = s.Why
			fmt.Fprintf(w, "\n# %s\n", why)
		}
		for _, c := range s.do() {
			fmt.Fprintln(w, c.shell())
		}
	}
	var unit strings.Builder
	if err := printUnit(&unit, wish, steps); err != nil {
		return err
	}
	fmt.Fprint(w, "\n# The same as a unit, /etc/systemd/system/realserver.service (--print=unit prints it alone):\n#\n")
	for line := range strings.Lines(unit.String()) {
		if _, err := fmt.Fprint(w, strings.TrimRight("# "+line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// printUnit writes the steps as a systemd unit that needs no tandem
// (systemd.service(5)).
func printUnit(w io.Writer, wish Wish, steps []Step) error {
	fmt.Fprintf(w, "# %s\n[Unit]\nDescription=Real server of %s\nAfter=network.target nftables.service systemd-sysctl.service\n\n",
		strings.Join(wish.command("up"), " "), join(wish.VIPs))
	fmt.Fprintf(w, "[Service]\nType=oneshot\nRemainAfterExit=yes\n")
	for _, s := range steps {
		for _, c := range s.do() {
			fmt.Fprintf(w, "ExecStart=%s\n", c.unit())
		}
	}
	for _, s := range slices.Backward(steps) {
		for _, c := range s.undo() {
			fmt.Fprintf(w, "ExecStop=-%s\n", unitLine(c.Words))
		}
	}
	_, err := fmt.Fprint(w, "\n[Install]\nWantedBy=multi-user.target\n")
	return err
}

// shell is the command as a line of a script that stops at the first failure.
// Where loading a module has made the device, adding it fails; the second
// attempt is for the words of any other failure, such as a missing module.
func (c command) shell() string {
	line := shellLine(c.Words)
	switch {
	case c.May:
		line += " 2>/dev/null || true # it may be so already"
	case c.Unless != "":
		line += " 2>/dev/null || " + c.Unless + " || " + line
	}
	return line
}

// unit is the command as a line of a unit.
func (c command) unit() string {
	switch {
	case c.May:
		return "-" + unitLine(c.Words)
	case c.Unless != "":
		return "/bin/sh -c '" + c.shell() + "'" // Of words that need no quotes.
	}
	return unitLine(c.Words)
}

// shellLine quotes what a shell would read differently.
func shellLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if strings.ContainsAny(w, " {};@\"'") {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// unitLine quotes what systemd would read differently: it knows the same
// quotes, and % and $ of its own, which no step has.
func unitLine(words []string) string { return shellLine(words) }

// command is the command line that says the wish.
func (w Wish) command(verb string) []string {
	words := []string{"tandem", "realserver", verb}
	for _, vip := range w.VIPs {
		words = append(words, "--vip", vip.String())
	}
	words = append(words, "--method", string(w.Method))
	if w.Method == GUE {
		words = append(words, "--tun-port", itoa(int(w.Port)))
	}
	if w.Method.tunnels() && w.Outer != 0 {
		words = append(words, "--outer", itoa(int(w.Outer)))
	}
	if w.Device != "lo" && w.Method != NAT {
		words = append(words, "--dev", w.Device)
	}
	if w.ARP != Sysctl && w.Method != NAT {
		words = append(words, "--arp", string(w.ARP))
	}
	return words
}

// join writes a list as in a sentence.
func join[T fmt.Stringer](list []T) string {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = one.String()
	}
	return strings.Join(words, ", ")
}
