package realserver

import (
	"fmt"
	"slices"
)

// Severity says how bad a Finding is.
type Severity string

// The severities. Only Fail means that clients are, or will be, lost.
const (
	Pass Severity = "PASS"
	Warn Severity = "WARN"
	Fail Severity = "FAIL"
)

// Check is what a Finding is about.
type Check string

// The checks, one for each way in which a real server goes wrong.
const (
	VIPPresent  Check = "vip"       // The host has the VIP.
	VIPPlace    Check = "place"     // Not on an interface where it is asked for it.
	VIPPrefix   Check = "prefix"    // Alone, without a subnet.
	ARPIgnore   Check = "arp"       // It does not answer for the VIP.
	ARPAnnounce Check = "announce"  // It does not name the VIP in its own requests.
	OneAnswer   Check = "answers"   // Only one host in the network answers for the VIP.
	Tunnel      Check = "tunnel"    // Something unwraps.
	Unwrapping  Check = "receiver"  // Something receives GUE at the right port.
	RPFilter    Check = "rp_filter" // What comes in is not dropped for where it came in.
	ReturnRoute Check = "route"     // Replies reach the client, and not by the director.
	PathMTU     Check = "mtu"       // Full-size packets still fit when they are wrapped.
	Listener    Check = "listener"  // Somebody listens.
	Gateway     Check = "gateway"   // NAT: replies go through the director.
	Readable    Check = "facts"     // Everything could be looked at.
)

// Finding is what verify says about one thing.
type Finding struct {
	Severity Severity `json:"severity"`
	Check    Check    `json:"check"`
	Text     string   `json:"text"`
	Fix      string   `json:"fix,omitempty"`
}

// Judge says what is right and what is wrong with the host as a real server of
// this kind.
func Judge(f Facts, w Wish) []Finding {
	j := judge{facts: f, wish: w}
	if w.Method == NAT {
		j.nat()
	} else {
		for _, vip := range w.VIPs {
			j.place(vip)
			if vip.Is4() {
				j.arp(vip)
			}
		}
		for _, vip := range w.VIPs {
			if w.Method.tunnels() {
				j.tunnel(vip)
			}
			if vip.Is4() {
				j.reverse(vip)
			}
			j.route(vip)
		}
		if w.Method.tunnels() {
			j.mtu()
		}
	}
	j.answers()
	j.listeners()
	for _, what := range f.Unknown {
		j.warn(Readable, "run it as root, on the real server itself", "not looked at: %s", what)
	}
	return j.findings
}

// Failed counts the findings that say Fail.
func Failed(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.Severity == Fail {
			n++
		}
	}
	return n
}

type judge struct {
	facts    Facts
	wish     Wish
	findings []Finding
}

func (j *judge) pass(c Check, format string, args ...any) { j.say(Pass, c, "", format, args...) }

func (j *judge) warn(c Check, fix, format string, args ...any) { j.say(Warn, c, fix, format, args...) }

func (j *judge) fail(c Check, fix, format string, args ...any) { j.say(Fail, c, fix, format, args...) }

// say adds a finding, unless another VIP has led to the same.
func (j *judge) say(s Severity, c Check, fix, format string, args ...any) {
	f := Finding{Severity: s, Check: c, Text: fmt.Sprintf(format, args...), Fix: fix}
	if !slices.Contains(j.findings, f) {
		j.findings = append(j.findings, f)
	}
}
