package director

import (
	"slices"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestChanges(t *testing.T) {
	in := func(name string, vrid, priority uint8) vrrp.Instance {
		return vrrp.Instance{Name: name, Interface: "eth0", VRID: vrid, Priority: priority}
	}
	a, b := in("A", 1, 100), in("B", 2, 100)
	tests := []struct {
		name        string
		before, now []vrrp.Instance
		want        []any
	}{
		{"nothing", []vrrp.Instance{a, b}, []vrrp.Instance{a, b}, nil},
		{"another order", []vrrp.Instance{a, b}, []vrrp.Instance{b, a}, nil},
		{"one more", []vrrp.Instance{a}, []vrrp.Instance{a, b}, []any{"added", "B"}},
		{"one less", []vrrp.Instance{a, b}, []vrrp.Instance{b}, []any{"removed", "A"}},
		{"another name", []vrrp.Instance{a, b}, []vrrp.Instance{in("C", 1, 100), b}, []any{"renamed", "A to C"}},
		{"another priority", []vrrp.Instance{a, b}, []vrrp.Instance{a, in("B", 2, 90)}, []any{"changed", "B"}},
		{"another name and number", []vrrp.Instance{a, b}, []vrrp.Instance{in("C", 3, 100), b}, []any{"added", "C", "removed", "A"}},
		{"many", nil, []vrrp.Instance{a, b, in("C", 3, 1), in("D", 4, 1), in("E", 5, 1), in("F", 6, 1)}, []any{"added", "A, B, C, D and 2 more"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := changes(tt.before, tt.now); !slices.Equal(got, tt.want) {
				t.Errorf("it says %v, want %v", got, tt.want)
			}
		})
	}
}
