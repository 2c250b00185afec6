package realserver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// place judges where the VIP is on this host.
func (j *judge) place(vip netip.Addr) {
	quiet := false
	for _, l := range j.facts.Links {
		for _, a := range l.Addresses {
			if a.Prefix.Addr() != vip {
				continue
			}
			switch {
			case !l.Silent:
				j.exposed(vip, l, a)
				quiet = true // It is here; what is wrong has been said.
				continue
			case !l.Up:
				continue // An address of a device that is down is none.
			case !a.Prefix.IsSingleIP():
				j.fail(VIPPrefix, fmt.Sprintf("ip address del %s dev %s, then tandem realserver up: it uses %s", a.Prefix, l.Name, host(vip)),
					"%s on %s makes all of %s local: this host reaches none of its neighbours there", a.Prefix, l.Name, a.Prefix.Masked())
			default:
				j.pass(VIPPresent, "%s is on %s", a.Prefix, l.Name)
			}
			quiet = true
		}
	}
	if !quiet {
		j.fail(VIPPresent, fmt.Sprintf("%s; or by hand: %s", j.upCommand(vip), strings.Join(Step{Kind: AddAddress, Device: j.wish.Device, Address: host(vip), Host: true}.address("replace"), " ")),
			"%s is not on this host: packets for it are dropped or sent away again", vip)
	}
}

// exposed judges a VIP on an interface with neighbours.
func (j *judge) exposed(vip netip.Addr, l Link, a Address) {
	fix := fmt.Sprintf("ip address del %s dev %s, then %s", a.Prefix, l.Name, j.upCommand(vip))
	if _, _, own := j.facts.ownAddress(vip); own {
		fix = fmt.Sprintf("--vip is for the address that the directors hold; to give this one up, do it at the console%s", onlyOne(l, a))
	}
	if vip.Is4() {
		_, filtered := j.facts.filtered(vip, l.Name, false)
		if filtered || j.facts.effective(l).ARPIgnore == 8 {
			j.warn(VIPPlace, fix, "%s is on %s, where only a filter keeps this host from answering for it", a.Prefix, l.Name)
			return
		}
	}
	j.fail(VIPPlace, fix, "%s is on %s, where this host answers for it: clients miss the director (fine only on a director that holds it)", a.Prefix, l.Name)
}

// onlyOne warns of what becomes of sessions where the address goes.
func onlyOne(l Link, a Address) string {
	if !l.only(a) {
		return ""
	}
	return fmt.Sprintf("; it is the only one there: without it nobody reaches this host by %s, nor by ssh", l.Name)
}

// arp judges whether the host keeps silent about a VIP of a silent device.
func (j *judge) arp(vip netip.Addr) {
	var talks, names []string
	var by string
	for _, l := range j.facts.neighbourly() {
		s := j.facts.effective(l)
		in, hidden := j.facts.filtered(vip, l.Name, false)
		switch {
		case hidden:
			by = in.By
		case !s.ignores(j.hostScope(vip)):
			talks = append(talks, fmt.Sprintf("%s (arp_ignore %d)", l.Name, s.ARPIgnore))
		}
		if _, masked := j.facts.filtered(vip, l.Name, true); !masked && !s.announces() {
			names = append(names, fmt.Sprintf("%s (arp_announce %d)", l.Name, s.ARPAnnounce))
		}
	}
	if j.wish.ARP == Static {
		if len(talks) > 0 {
			j.warn(ARPIgnore, "see that the router has the entry that tandem realserver up --arp static prints",
				"this host answers ARP for %s on %s: only the router's permanent entry leads clients to the director", vip, strings.Join(talks, ", "))
		}
		return
	}
	answers := "answers"
	if !j.present(vip) {
		answers = "would answer"
	}
	switch {
	case len(talks) > 0:
		j.fail(ARPIgnore, j.silence(vip, "arp_ignore", 1), "this host %s ARP for %s on %s: clients find it instead of the director", answers, vip, strings.Join(talks, ", "))
	case by != "":
		j.pass(ARPIgnore, "no ARP answer for %s: %s", vip, by)
	default:
		j.pass(ARPIgnore, "no ARP answer for %s: arp_ignore", vip)
	}
	if len(names) > 0 {
		j.fail(ARPAnnounce, j.silence(vip, "arp_announce", 2), "ARP requests on %s may name %s as their sender: whoever is asked takes this host for the director", strings.Join(names, ", "), vip)
	} else {
		j.pass(ARPAnnounce, "no ARP request names %s", vip)
	}
	j.masks(vip)
}

// masks judges whether the own table names addresses that the host still has.
func (j *judge) masks(vip netip.Addr) {
	p := planner{facts: j.facts, wish: j.wish}
	has := strings.Fields(j.facts.Masks)
	missing := func(word string) bool { return !slices.Contains(has, word) } // One too many does no harm.
	if want := p.masks(); slices.Contains(j.facts.Elements, vip.String()) && slices.ContainsFunc(strings.Fields(want), missing) {
		j.fail(ARPAnnounce, j.upCommand(vip), "the nft table hides %s behind %q, and the addresses are now %q: ARP requests with a wrong sender stay unanswered",
			vip, j.facts.Masks, want)
	}
}

// silence is the command that makes the host silent in the wished way.
func (j *judge) silence(vip netip.Addr, name string, value int) string {
	if j.wish.ARP == NFT {
		return j.upCommand(vip)
	}
	return lasting(fmt.Sprintf("sysctl -w %s=%d", dotted(setting("all", name)), value))
}

// lasting says of a sysctl command that it is not.
func lasting(command string) string {
	return command + " (until the next boot; up --print=unit prints a unit that keeps it)"
}

// present reports that the host has the VIP somewhere.
func (j *judge) present(vip netip.Addr) bool {
	return slices.ContainsFunc(j.facts.Links, func(l Link) bool {
		return slices.ContainsFunc(l.Addresses, func(a Address) bool { return a.Prefix.Addr() == vip })
	})
}

// hostScope reports that every place of the VIP has scope host.
func (j *judge) hostScope(vip netip.Addr) bool {
	for _, l := range j.facts.Links {
		for _, a := range l.Addresses {
			if a.Prefix.Addr() == vip && !a.Host {
				return false
			}
		}
	}
	return true
}

// answers judges who claimed a VIP when the network was asked.
func (j *judge) answers() {
	for _, vip := range j.wish.VIPs {
		for _, device := range j.facts.Probed {
			j.answersOn(vip, device)
		}
	}
	for _, what := range j.facts.Unasked {
		j.warn(OneAnswer, "", "the network was not asked: %s", what)
	}
}

func (j *judge) answersOn(vip netip.Addr, device string) {
	var macs []string
	for _, a := range j.facts.Answers {
		if a.VIP != vip || a.Device != device {
			continue
		}
		for _, l := range j.facts.Links {
			if l.MAC == a.MAC {
				j.fail(OneAnswer, j.silence(vip, "arp_ignore", 1)+"; two interfaces of this host are in one network",
					"this host itself answers for %s: %s on %s", vip, a.MAC, l.Name)
			}
		}
		macs = append(macs, a.MAC)
	}
	switch len(macs) {
	case 0:
		if j.near(vip, device) {
			j.warn(OneAnswer, "see tandem status at both directors", "nobody on %s answers for %s: no director holds it", device, vip)
		}
	case 1:
		j.pass(OneAnswer, "one host on %s answers for %s: %s", device, vip, macs[0])
	default:
		j.fail(OneAnswer, "one of them is the director; run tandem realserver verify on the others",
			"%d hosts on %s answer for %s: %s", len(macs), device, vip, strings.Join(macs, ", "))
	}
}

// near reports that the interface is in the VIP's subnet.
func (j *judge) near(vip netip.Addr, device string) bool {
	l, _ := j.facts.link(device)
	for _, a := range l.Addresses {
		if a.Prefix.Contains(vip) && a.Prefix.Addr() != vip {
			return true
		}
	}
	return false
}

// upCommand is the command that makes it so.
func (j *judge) upCommand(vip netip.Addr) string {
	w := j.wish
	w.VIPs = []netip.Addr{vip}
	return strings.Join(w.command("up"), " ")
}
