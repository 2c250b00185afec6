package template

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

// director is a host with what templates are asked for in practice: a default
// route on eth0, an inside interface, names that begin alike, an interface with
// several addresses and one with none.
var director = []Interface{
	{Name: "lo", Index: 1, MTU: 65536, Up: true, Loopback: true, Addresses: prefixes("127.0.0.1/8", "::1/128")},
	{Name: "eth10", Index: 2, MTU: 1500, Up: true, Broadcast: true, Addresses: prefixes("172.16.10.2/24")},
	{Name: "eth0", Index: 3, MTU: 1500, Up: true, Broadcast: true, Default4: true, HardwareAddr: "02:00:00:00:00:03",
		Addresses: prefixes("198.51.100.2/24", "11.0.0.2/25", "fe80::3/64", "2001:db8::2/64")},
	{Name: "eth1", Index: 4, MTU: 9000, Up: true, Broadcast: true, Addresses: prefixes("10.0.0.2/24", "10.1.0.2/16", "10.0.0.3/24")},
	{Name: "eth2", Index: 5, MTU: 1500, Broadcast: true, Addresses: prefixes("192.168.7.2/24")},
	{Name: "eth3", Index: 6, MTU: 1500, Up: true},
	{Name: "eth4", Index: 7, MTU: 1500, Up: true, Default6: true, Addresses: prefixes("fe80::4/64")},
}

func TestEvaluate(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the address of an interface", "{{ GetInterfaceIP `eth0` }}", "198.51.100.2"},
		{"in its largest network", "{{ GetInterfaceIP `eth1` }}", "10.1.0.2"},
		{"a name is matched whole", "{{ GetInterfaceIP `eth10` }}", "172.16.10.2"},
		{"a name as an expression", "{{ GetInterfaceIP `eth1.` }}", "172.16.10.2"},
		{"a choice of names", "{{ GetInterfaceIP `bond0|eth10` }}", "172.16.10.2"},
		{"the address is of one interface only", "{{ GetInterfaceIPs `eth2` }}", "192.168.7.2"},
		{"the first private address", "{{ GetPrivateIP }}", "10.1.0.2"},
		{"the public address", "{{ GetPublicIP }}", "11.0.0.2"},
		{"the interface of the default route", "{{ GetDefaultInterfaces | attr `name` }}", "eth0"},
		{"sorted by the default route", "{{ GetAllInterfaces | sort `default,type` | attr `address` }}", "198.51.100.2"},
		{"included by a name that is matched whole", "{{ GetAllInterfaces | include `name` `eth1` | sort `address` | attr `address` }}", "10.0.0.2"},
		{"the selector of a name in capitals", "{{ GetAllInterfaces | include `NAME` `eth1` | attr `address` }}", "10.0.0.2"},
		{"excluded by a name that is matched whole", "{{ GetAllInterfaces | exclude `name` `lo|eth1` | attr `address` }}", "172.16.10.2"},
		{"the interface of a network", "{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}", "eth1"},
		{"the dot is all addresses", "{{ . | include `network` `172.16.0.0/12` | attr `address` }}", "172.16.10.2"},
		{"IPv6", "{{ GetAllInterfaces | include `type` `IPv6` | exclude `flags` `link-local unicast` | include `name` `eth0` | attr `address` }}", "2001:db8::2"},
		{"addresses sorted downwards", "{{ GetAllInterfaces | include `name` `eth1` | sort `-address` | limit 1 | join `address` ` ` }}", "10.1.0.2"},
		{"equal ones keep their order", "{{ GetAllInterfaces | include `name` `eth1` | sort `-size` | attr `address` }}", "10.0.0.2"},
		{"the second of several", "{{ GetAllInterfaces | include `name` `eth1` | sort `address` | offset 1 | attr `address` }}", "10.0.0.3"},
		{"an address counted from it", "{{ GetAllInterfaces | include `name` `eth10` | math `address` `+1` | attr `address` }}", "172.16.10.3"},
		{"the end of its network", "{{ GetAllInterfaces | include `name` `eth10` | math `network` `-1` | attr `address` }}", "172.16.10.255"},
		{"an attribute of the link", "{{ GetAllInterfaces | include `name` `eth2` | attr `flags` }}", "broadcast"},
		{"text around it", "eth{{ GetAllInterfaces | include `network` `172.16.0.0/12` | len }}", "eth1"},
		{"a choice", "{{ if GetAllInterfaces | include `name` `bond0` }}bond0{{ else }}eth1{{ end }}", "eth1"},
		{"a variable", "{{ $a := GetInterfaceIP `eth10` }}{{ $a }}", "172.16.10.2"},
		{"one interface of a list", "{{ attr `name` (index GetDefaultInterfaces 0) }}", "eth0"},
		{"blanks around the result", "  {{ GetInterfaceIP `eth10` }}\t", "172.16.10.2"},
		{"no template", "10.0.0.9", "10.0.0.9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Evaluate(tt.text, director)
			if err != nil || got != tt.want {
				t.Errorf("Evaluate(%q) = %q, %v; want %q", tt.text, got, err, tt.want)
			}
		})
	}
}

func TestEvaluateRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a name that nothing has", "{{ GetInterfaceIP `bond0` }}",
			"no interface of this host is named bond0: there is lo, eth10, eth0, eth1, eth2, eth3, eth4"},
		{"a part of a name", "{{ GetInterfaceIP `eth` }}",
			"no interface of this host is named eth: there is lo, eth10, eth0, eth1, eth2, eth3, eth4"},
		{"an interface without an address", "{{ GetInterfaceIP `eth3` }}", "eth3 has no address of its own; virtual and link-local ones do not count"},
		{"an interface with a link-local address only", "{{ GetInterfaceIP `eth4` }}", "eth4 has no address of its own; virtual and link-local ones do not count"},
		{"all addresses of an interface that has none", "{{ GetInterfaceIPs `eth3` }}", "eth3 has no address of its own; virtual ones do not count"},
		{"several addresses", "{{ GetInterfaceIPs `eth1` }}", "its result is 3 words where one is needed: 10.1.0.2, 10.0.0.2, 10.0.0.3"},
		{"several addresses with commas", "{{ GetAllInterfaces | include `name` `eth1` | join `address` `,` }}",
			"its result is 3 words where one is needed: 10.0.0.2, 10.1.0.2, 10.0.0.3"},
		{"nothing left of a list", "{{ GetAllInterfaces | include `name` `eth9` | attr `address` }}", "no address is left of which attr could tell anything"},
		{"nothing left to join", "{{ GetAllInterfaces | include `name` `eth9` | join `address` `` }}", "its result is empty"},
		{"nothing in it", "{{ }}", "missing value for command"},
		{"only a comment", "{{/* eth1 */}}", "its result is empty"},
		{"a list as it is", "{{ GetAllInterfaces | include `name` `eth10` }}", "its result is a list of addresses: end it with | attr `address`, or `name`"},
		{"a function misspelt", "{{ GetInterfceIP `eth0` }}", `function "GetInterfceIP" not defined`},
		{"a function of another language", "{{ env `HOME` }}", `function "env" not defined`},
		{"a name without quotes", "{{ GetInterfaceIP eth0 }}", `function "eth0" not defined`},
		{"an argument too few", "{{ GetInterfaceIP }}", "<GetInterfaceIP>: wrong number of args for GetInterfaceIP: want 1 got 0"},
		{"an expression that is none", "{{ GetInterfaceIP `eth(` }}", `"eth(" is no regular expression`},
		{"never closed", "{{ GetInterfaceIP `eth0`", "unclosed action"},
		{"an attribute that there is not", "{{ GetDefaultInterfaces | attr `colour` }}", "<attr `colour`>: error calling attr: unsupported attribute name \"colour\""},
		{"attr of a word", "{{ attr `name` `eth0` }}", "attr takes addresses, no string"},
		{"an order that there is not", "{{ GetAllInterfaces | sort `colour` | attr `name` }}", `sort knows no "colour": it takes address, default, name, private, size and type`},
		{"too far into a list", "{{ GetAllInterfaces | offset 99 | attr `name` }}",
			"<offset 99>: error calling offset: unable to seek past the end of the interface array: offset (99) exceeds the number of interfaces (12)"},
		{"a loop over a number", "{{ range 99999999999 }}{{ end }}x", "{{range 99999999999}}{{end}} has no place in it: it is one word"},
		{"a loop over addresses", "{{ range . }}{{ attr `name` . }}{{ end }}", "{{range .}}{{attr `name` .}}{{end}} has no place in it: it is one word"},
		{"a template that calls itself twice", "{{ define `a` }}{{ template `a` }}{{ template `a` }}{{ end }}{{ template `a` }}", "define has no place in it: it is one word"},
		{"a template that is not defined", "{{ template `a` }}", "{{template \"a\"}} has no place in it: it is one word"},
		{"text that doubles", "{{ $x := `xxxxxxxx` }}{{ $x = print $x $x }}{{ $x }}", "the function print is none of go-sockaddr's"},
		{"a width", "{{ printf `%999999d` 1 }}", "the function printf is none of go-sockaddr's"},
		{"a separator that grows", "{{ GetAllInterfaces | join `name` `" + strings.Repeat("x", maxText/8) + "` }}", "its result is longer than 4096 bytes"},
		{"a method that asks the kernel", "{{ (index . 0).Interface.Addrs }}", `(index . 0).Interface.Addrs is no function: attributes are read by attr, as in attr "name"`},
		{"a field of a variable", "{{ $a := index . 0 }}{{ $a.Name }}", `$a.Name is no function: attributes are read by attr, as in attr "name"`},
		{"a field of the dot", "{{ with index . 0 }}{{ .Name }}{{ end }}", `.Name is no function: attributes are read by attr, as in attr "name"`},
		{"longer than any line", strings.Repeat("x", maxText+1), "it is longer than 4096 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Evaluate(tt.text, director)
			if err == nil || err.Error() != tt.want {
				t.Errorf("Evaluate(%q) = %q, %v\nwant error %s", tt.text, got, err, tt.want)
			}
		})
	}
}

// TestWithoutDefault evaluates where no route, or only one of IPv6, leads out.
func TestWithoutDefault(t *testing.T) {
	host := slices.Clone(director)
	host[2].Default4 = false
	if got, err := Evaluate("{{ GetDefaultInterfaces | attr `name` }}", host); err != nil || got != "eth4" {
		t.Errorf("with a default route of IPv6 only: %q, %v", got, err)
	}
	host[6].Default6 = false
	if got, err := Evaluate("{{ GetDefaultInterfaces | attr `name` }}", host); err == nil || err.Error() != "this host has no default route" {
		t.Errorf("without a default route: %q, %v", got, err)
	}
	for _, text := range []string{"{{ GetPrivateIP }}", "{{ GetPrivateIPs }}", "{{ GetPublicIP }}", "{{ GetPublicIPs }}", "{{ GetInterfaceIP `eth0` }}"} {
		if got, err := Evaluate(text, nil); err == nil {
			t.Errorf("%s on a host without interfaces is %q", text, got)
		}
	}
}

// FuzzEvaluate holds what the caller relies on: any text gives an error or one
// word, the same each time, and never more than a bounded one.
func FuzzEvaluate(f *testing.F) {
	f.Add("{{ GetInterfaceIP `eth1` }}")
	f.Add("{{ GetAllInterfaces | exclude `name` `lo` | sort `-size,default` | offset -1 | attr `address` }}")
	f.Add("{{ with $x := GetPrivateInterfaces | unique `name` | limit 2 }}{{ join `type` `|` $x }}{{ else }}none{{ end }}")
	f.Add("{{ GetAllInterfaces | math `network` `-9223372036854775808` | attr `address` }}")
	f.Add("{{ GetAllInterfaces | math `mask` `128` | include `rfcs` `1918|4193` | include `size` `16` | attr `mask_bits` }}")
	f.Add("{{ define `a` }}{{ end }}{{ range $i, $x := 9 }}{{ break }}{{ end }}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Evaluate(text, director)
		again, err2 := Evaluate(text, director)
		switch {
		case got != again || (err == nil) != (err2 == nil):
			t.Errorf("%q is %q (%v), and then %q (%v)", text, got, err, again, err2)
		case err != nil && got != "":
			t.Errorf("%q is %q and an error: %v", text, got, err)
		case err != nil && strings.ContainsAny(err.Error(), "\n"):
			t.Errorf("%q: the error has several lines: %v", text, err)
		case err == nil && (got == "" || len(got) > maxText || len(strings.Fields(got)) != 1):
			t.Errorf("%q is %q, not one word", text, got)
		}
	})
}
