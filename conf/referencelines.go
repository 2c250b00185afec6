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
			syntax:  "[TYPE] [to] NETWORK|default [via [inet|inet6] IP] [src IP] [from NETWORK] [encap TYPE ...] [OPTION ...] [nexthop via IP [OPTION ...] ...]",
			options: kinds(routeOptions),
		},
		{
			heading: "rule lines",
			about: "In `virtual_rules` and `static_rules`, in the words of ip-rule(8). " +
				"A rule has one of the actions " + namesOf(ruleActions) + "; in `static_rules` there is `track_group NAME`.",
			syntax:  "[from NETWORK] [to NETWORK] ACTION [OPTION ...]",
			options: kinds(ruleOptions),
		},
	}
}

// kinds are options of routes and rules, with what their values may be.
func kinds(all []optionKind) []lineOption {
	var out []lineOption
	for _, o := range all {
		var takes []string
		if o.lock {
			takes = append(takes, "[lock]")
		}
		if len(o.words) > 0 {
			takes = append(takes, strings.Join(o.words, ", "))
		}
		if o.value != nil {
			if len(o.words) > 0 {
				takes = append(takes, "or")
			}
			_, want, _ := o.value("")
			takes = append(takes, want)
		}
		effect := strings.Join(takes, " ")
		if o.family != 0 {
			effect = strings.TrimPrefix(effect+fmt.Sprintf("; IPv%d only", o.family), "; ")
		}
		out = append(out, lineOption{name: strings.Join(append([]string{o.name}, o.other...), "` `"), effect: effect, effects: unbuilt})
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
	explained := l.options[0].args != ""
	if explained {
		fmt.Fprint(w, "| option | argument | what it does | status |\n|---|---|---|---|\n")
	} else {
		fmt.Fprint(w, "| option | takes |\n|---|---|\n")
	}
	for _, o := range l.options {
		if explained {
			fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", o.name, code(o.args), cell(o.effect), statusText(keyword{effects: o.effects}))
		} else {
			fmt.Fprintf(w, "| `%s` | %s |\n", o.name, cell(o.effect))
		}
	}
}
