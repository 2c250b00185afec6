package link

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// have makes kernel addresses on interface 1: "10.0.0.1/24", followed by any
// of "secondary", "marked" and "peer".
func have(list ...[]string) []held {
	var out []held
	for _, words := range list {
		a := held{place: place{index: 1, prefix: vips(words[0])[0].Prefix}, label: "eth0"}
		for _, w := range words[1:] {
			switch w {
			case "secondary":
				a.secondary = true
			case "marked":
				a.marked = true
			case "peer":
				a.place.peer = ip("10.0.0.1")
			case "tentative":
				a.tentative = true
			default:
				a.label = w
			}
		}
		out = append(out, a)
	}
	return out
}

func targets(w *wish, cidrs ...string) []target {
	var out []target
	for _, a := range vips(cidrs...) {
		out = append(out, target{place: placeOf(1, a), addr: a, dev: device{name: "eth0", index: 1}, wish: w})
	}
	return out
}

func prefixes(list []held) (out []string) {
	for _, a := range list {
		out = append(out, a.prefix.String())
	}
	return out
}

func TestSurplus(t *testing.T) {
	old, fresh := &wish{}, &wish{restated: true}
	tests := []struct {
		name   string
		have   []held
		want   []target
		doomed []string
		own    string
		sweep  bool
		gone   []string
	}{
		{name: "addresses of others stay", have: have([]string{"10.0.0.1/24"}), sweep: true},
		{name: "doomed ones go, whoever made them", have: have([]string{"10.0.0.9/24"}, []string{"10.0.0.8/24", "marked"}),
			doomed: []string{"10.0.0.9/24", "10.0.0.8/24"}, gone: []string{"10.0.0.9/24", "10.0.0.8/24"}},
		{name: "another prefix length is the same address to its neighbours", have: have([]string{"10.0.0.9/32"}),
			doomed: []string{"10.0.0.9/24"}, gone: []string{"10.0.0.9/32"}},
		{name: "another prefix length is another wish", have: have([]string{"10.0.0.9/32"}, []string{"10.0.0.9/24"}),
			want: targets(old, "10.0.0.9/24"), doomed: []string{"10.0.0.9/24"}, gone: []string{"10.0.0.9/32"}},
		{name: "the interface's own stays", have: have([]string{"10.0.0.9/24"}), own: "10.0.0.9/24", doomed: []string{"10.0.0.9/32"}},
		{name: "the interface's own keeps its label", have: have([]string{"10.0.0.9/24", "eth0:1"}), own: "10.0.0.9/24",
			want: targets(fresh, "10.0.0.9/24")},
		{name: "the other side of a link is not ours", have: have([]string{"10.0.0.9/32", "peer"}), doomed: []string{"10.0.0.9/32"}},
		{name: "doomed but wanted by another stays", have: have([]string{"10.0.0.9/24"}),
			want: targets(old, "10.0.0.9/24"), doomed: []string{"10.0.0.9/24"}},
		{name: "a mark before the sweep stays", have: have([]string{"10.0.0.9/24", "marked"})},
		{name: "a mark that nobody wants goes with the sweep", have: have([]string{"10.0.0.9/24", "marked"}, []string{"10.0.0.8/24", "marked"}),
			want: targets(old, "10.0.0.8/24"), sweep: true, gone: []string{"10.0.0.9/24"}},
		{name: "a subnet's first address goes last", have: have([]string{"10.0.0.8/24"}, []string{"10.0.0.9/24", "secondary"}),
			doomed: []string{"10.0.0.8/24", "10.0.0.9/24"}, gone: []string{"10.0.0.9/24", "10.0.0.8/24"}},
		{name: "a label that a new wish changed", have: have([]string{"10.0.0.9/24", "eth0:1"}),
			want: targets(fresh, "10.0.0.9/24"), gone: []string{"10.0.0.9/24"}},
		{name: "a label that somebody else changed", have: have([]string{"10.0.0.9/24", "eth0:1"}),
			want: targets(old, "10.0.0.9/24")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doomed := make(map[home]bool)
			for _, a := range vips(tt.doomed...) {
				doomed[placeOf(1, a).home()] = true
			}
			own := make(map[int]place)
			if tt.own != "" {
				own[1] = placeOf(1, vips(tt.own)[0])
			}
			got := prefixes(surplus(tt.have, tt.want, doomed, own, tt.sweep))
			if diff := cmp.Diff(tt.gone, got); diff != "" {
				t.Errorf("surplus (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOwnAddress(t *testing.T) {
	tests := []struct {
		name string
		have []held
		made string
		want string
	}{
		{name: "none"},
		{name: "the first", have: have([]string{"10.0.0.1/24"}, []string{"10.1.0.1/24"}), want: "10.0.0.1/24"},
		{name: "not a marked one", have: have([]string{"10.0.0.9/24", "marked"}, []string{"10.0.0.1/32"}), want: "10.0.0.1/32"},
		{name: "not one of this run, where there are no marks", have: have([]string{"10.0.0.9/24"}), made: "10.0.0.9/24"},
		{name: "not a secondary one", have: have([]string{"10.0.0.9/24", "marked"}, []string{"10.0.0.1/24", "secondary"})},
		{name: "not IPv6", have: have([]string{"2001:db8::1/64"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			made := make(map[place]bool)
			if tt.made != "" {
				made[placeOf(1, vips(tt.made)[0])] = true
			}
			own, ok := ownAddresses(tt.have, made)[1]
			if ok != (tt.want != "") || ok && own.prefix.String() != tt.want {
				t.Errorf("got %s, want %q", own.prefix, tt.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	w := &wish{}
	want := append(targets(w, "10.0.0.9/24", "10.0.0.8/24"), targets(&wish{}, "10.0.0.8/24")...)
	var got []string
	for _, m := range missing(have([]string{"10.0.0.9/24"}, []string{"10.0.0.8/32"}), want, func(place) bool { return false }) {
		got = append(got, m.prefix.String())
	}
	if diff := cmp.Diff([]string{"10.0.0.8/24"}, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestCollateral(t *testing.T) {
	before := have([]string{"10.0.0.9/24"}, []string{"10.0.0.8/24", "secondary"}, []string{"10.0.0.7/24", "secondary"},
		[]string{"10.0.0.6/24", "secondary"}, []string{"10.9.0.1/24"})
	removed := have([]string{"10.0.0.9/24"}, []string{"10.0.0.8/24"})
	// 10.0.0.7 is wanted and added anyway; 10.9.0.1 was removed by its owner.
	got := prefixes(collateral(before, removed, nil, targets(&wish{}, "10.0.0.7/24")))
	if diff := cmp.Diff([]string{"10.0.0.6/24"}, got); diff != "" {
		t.Errorf("collateral (-want +got):\n%s", diff)
	}
	after := have([]string{"10.0.0.7/24"}, []string{"10.0.0.6/24"})
	if diff := cmp.Diff([]string(nil), prefixes(collateral(before, removed, after, nil)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("collateral with promote_secondaries (-want +got):\n%s", diff)
	}
}
