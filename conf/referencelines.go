package conf

import (
	"fmt"
	"io"
	"strings"
)

// optionList are the words of one kind of line in a block of values.
type optionList struct {
	heading, about, syntax string
	options                []lineOption
	ours                   bool // keepalived does not know them
}

// lineOption is one word that may stand in such a line.
type lineOption struct {
	name, args, effect string
	effects            effects
}

// lineOptions are the lines that have options.
func lineOptions() []optionList {
	var addresses []lineOption
	for _, o := range addressOptions {
		addresses = append(addresses, o.lineOption)
	}
	return []optionList{
		{
			heading: "address lines",
			about:   "In `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`. Without a LEN it is the address alone.",
			syntax:  "IP[/LEN] [OPTION ...]",
			options: addresses,
		},
		{
			heading: "route lines",
			about: "In `virtual_routes` and `static_routes`, in the words of ip-route(8). " +
				"TYPE is one of " + strings.Join(routeKinds, ", ") + "; `via` is also called `gw`, and in `static_routes` there is `track_group NAME`.",
			syntax:  "[inet|inet6] [TYPE] [to] NETWORK|default [via [inet|inet6] IP] [src IP] [from NETWORK] [encap TYPE ...] [OPTION ...] [nexthop via IP [OPTION ...] ...]",
			options: kinds(routeOptions),
		},
		{
			heading: "rule lines",
			about: "In `virtual_rules` and `static_rules`, in the words of ip-rule(8). " +
				"A rule has one of the actions " + namesOf(ruleActions) + "; in `static_rules` there is `track_group NAME`.",
			syntax:  "[inet|inet6] [not] [from NETWORK] [to NETWORK] ACTION [OPTION ...]",
			options: kinds(ruleOptions),
		},
		{
			heading: "lines of lvs_sysctl",
			about: "Settings of net.ipv4.vs, and behind them those of the host that tandem sets by itself where NAT or FULLNAT needs it; `leave` keeps it " +
				"from that. What is not said stays as it is. More is in [README.md](README.md#kernel-settings).",
			syntax:  "NAME VALUE",
			options: settings(),
			ours:    true,
		},
	}
}

// settings are the names of lvs_sysctl.
func settings() []lineOption {
	var out []lineOption
	for _, k := range knobs {
		_, want := k.value("?")
		out = append(out, lineOption{name: k.name, args: strings.TrimPrefix(want, "it takes "), effect: k.meaning})
	}
	return out
}

// kinds are options of routes and rules, with what their values may be.
func kinds(all []optionKind) []lineOption {
	var out []lineOption
	for _, o := range all {
		var words []string
		if o.lock {
			words = append(words, "[lock]")
		}
		if len(o.words) > 0 {
			words = append(words, strings.Join(o.words, ", "))
		}
		if o.value != nil {
			if len(o.words) > 0 {
				words = append(words, "or")
			}
			_, want, _ := o.value("")
			words = append(words, want)
		}
		takes := strings.Join(words, " ")
		if o.family != 0 {
			takes = strings.TrimPrefix(takes+fmt.Sprintf("; IPv%d only", o.family), "; ")
		}
		out = append(out, lineOption{name: strings.Join(append([]string{o.name}, o.other...), "` `"), args: takes, effects: unbuilt})
	}
	return out
}

// namesOf are those of options, with their other names.
func namesOf(all []optionKind) string {
	var out []string
	for _, o := range all {
		name := "`" + o.name + "`"
		if len(o.other) > 0 {
			name += " (`" + strings.Join(o.other, "`, `") + "`)"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// write writes the options of one kind of line.
func (l optionList) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n\n    %s\n\n", l.heading, l.about, l.syntax)
	if l.options[0].effect == "" {
		fmt.Fprint(w, "| option | takes |\n|---|---|\n")
		for _, o := range l.options {
			fmt.Fprintf(w, "| `%s` | %s |\n", o.name, cell(o.args))
		}
		return
	}
	fmt.Fprint(w, "| option | takes | what it does | status |\n|---|---|---|---|\n")
	for _, o := range l.options {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", o.name, cell(o.args), cell(o.effect), statusText(keyword{effects: o.effects, ours: l.ours}))
	}
}
