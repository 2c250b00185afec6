package conf

import (
	"slices"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	tests := []struct {
		args string
		want shape
	}{
		{"", shape{}},
		{"N", shape{min: 1, max: 1}},
		{"IP [PORT] { }", shape{min: 1, max: 2, braces: true}},
		{"[BOOL]", shape{max: 1}},
		{"[ARG ...]", shape{max: -1}},
		{"COMMAND [USER [GROUP]]", shape{min: 1, max: 3}},
		{"{ NAME ... }", shape{braces: true}},
		{"[{ }]", shape{braces: true, bare: true}},
		{"CODE ...", shape{min: 1, max: -1}},
	}
	for _, tt := range tests {
		if got := (keyword{args: tt.args}).shape(); got != tt.want {
			t.Errorf("shape of %q is %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

func TestKeywordsAreListedOnce(t *testing.T) {
	for _, table := range tables() {
		seen := make(map[string]bool)
		for _, k := range table.keywords() {
			if seen[k.name] {
				t.Errorf("%s has %s twice", table.title(), k.name)
			}
			seen[k.name] = true
		}
	}
}

// TestBlocksHaveASection holds that no block that is shown as it was read stands
// among the settings, before what it may need.
func TestBlocksHaveASection(t *testing.T) {
	for _, k := range rootBlock.keywords() {
		if asRead := k.effects == unbuilt || k.effects == inert; asRead && k.shape().braces == (k.section == settingSection) {
			t.Errorf("%s stands in the section %d", k.name, k.section)
		}
	}
}

// TestBlocksInJSON holds which blocks of keywords are objects: of all others
// there may be several.
func TestBlocksInJSON(t *testing.T) {
	var got []string
	for _, table := range tables() {
		for _, k := range table.keywords() {
			if blockFor(k) != nil && !k.several() {
				got = append(got, k.name)
			}
			if k.alone && blockFor(k) == nil {
				t.Errorf("%s has no block of keywords that could be the only one", k.name)
			}
		}
	}
	if want := []string{"global_defs", "SSL", "authentication", "auth_hmac"}; !slices.Equal(got, want) {
		t.Errorf("%q are objects, want %q", got, want)
	}
}

// TestOrderOfModifiers holds that what is shown of a row does not depend on the
// order in which it is described.
func TestOrderOfModifiers(t *testing.T) {
	show := func(*none) []Node { return nil }
	const no, asShown, asWritten = "not", "as the row shows it", "as the file says it"
	tests := []struct {
		name string
		row  row[none]
		want string
	}{
		{"show alone", row[none]{}.shown(show), asShown},
		{"no show", row[none]{}, no},
		{"show and later", row[none]{}.shown(show).later(), asWritten},
		{"later and show", row[none]{}.later().shown(show), asWritten},
		{"show and inert", row[none]{}.shown(show).inert(""), asWritten},
		{"inert and show", row[none]{}.inert("").shown(show), asWritten},
		{"show, later and judged", row[none]{}.shown(show).later().asJudged(), asShown},
		{"judged, later and show", row[none]{}.asJudged().later().shown(show), asShown},
		{"show and another name", row[none]{}.shown(show).otherName("x"), no},
		{"another name and show", row[none]{}.otherName("x").shown(show), no},
		{"another name, later", row[none]{}.otherName("x").later(), asWritten},
		{"later, another name", row[none]{}.later().otherName("x"), asWritten},
	}
	for _, tt := range tests {
		got := no
		switch {
		case tt.row.shows() && tt.row.asWritten():
			t.Errorf("%s: it is shown twice", tt.name)
		case tt.row.shows():
			got = asShown
		case tt.row.asWritten():
			got = asWritten
		}
		if got != tt.want {
			t.Errorf("%s: it is shown %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestTracksAreShownAsJudged holds that no weight is shown that does not count.
func TestTracksAreShownAsJudged(t *testing.T) {
	text := "vrrp_script s {\n script /bin/true\n}\n"
	for _, block := range []string{"vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n", "vrrp_sync_group G {\n group { A }\n"} {
		text += block + " track_interface {\n  eth1 weight 300\n }\n track_script {\n  s weight 300\n }\n}\n"
	}
	f, _ := ReadText("f", []byte(text), Options{})
	if shown := printed(t, f); strings.Contains(shown, "300") || strings.Count(shown, "track_") != 4 {
		t.Errorf("it is shown as\n%s", shown)
	}
}
