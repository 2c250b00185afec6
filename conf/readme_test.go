package conf

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"testing"

	"github.com/tandem-ha/tandem/integration/golden"
)

// exampleHost is what the templates of the documentation find.
var exampleHost = &Host{Name: "left", Interfaces: []Interface{
	{Name: "eth0", Index: 2, Up: true, Broadcast: true, Multicast: true, Default4: true, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.11/24")}},
	{Name: "eth1", Index: 3, Up: true, Broadcast: true, Multicast: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}},
}}

// included are what its includes find.
var included = golden.Files{
	"conf.d/global.conf": []byte("global_defs {\n router_id left\n}\n"),
	"web/addresses.conf": []byte("virtual_ipaddress {\n 192.0.2.80/24\n}\n"),
}

// configurations are the examples of a text: what stands in ``` or is indented,
// and begins as a configuration does.
func configurations(text string) []string {
	var all []string
	begins := regexp.MustCompile(`^(global_defs|vrrp_|virtual_server|include|[@$~])`)
	take := func(example string) {
		if begins.MatchString(example) {
			all = append(all, example)
		}
	}
	for _, m := range regexp.MustCompile("(?ms)^```\n([^`].*?)^```$").FindAllStringSubmatch(text, -1) {
		take(m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)(?:^    .*\n)+`).FindAllString(regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, ""), -1) {
		take(regexp.MustCompile("(?m)^    ").ReplaceAllString(m, ""))
	}
	return all
}

// TestExamplesOfTheDocumentationLoad reads every block of configuration that
// the documentation shows: what it tells people to write has no error.
func TestExamplesOfTheDocumentationLoad(t *testing.T) {
	for file, count := range map[string]int{"../README.md": 1, "../ipvs/README.md": 1, "README.md": 11} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples := configurations(string(text))
		if len(examples) < count {
			t.Errorf("%s shows %d configurations, not %d", file, len(examples), count)
		}
		for i, example := range examples {
			t.Run(fmt.Sprintf("%s %d", file, i+1), func(t *testing.T) {
				_, found := ReadText("keepalived.conf", []byte(example), Options{ConfigID: "left", Host: exampleHost, Files: included})
				for _, d := range found {
					if d.Severity <= Error {
						t.Errorf("%v in\n%s", d, example)
					}
				}
			})
		}
	}
}
