package ipvs_test

import (
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

func TestTableAdvice(t *testing.T) {
	for _, c := range []struct {
		name           string
		size, expected int
		says           string // empty: nothing at all
	}{
		{"nothing is expected", 4096, 0, ""},
		{"the size is not known", 0, 1000000, ""},
		{"four in a bucket will do", 4096, 16384, ""},
		{"five will not", 4096, 16385, `"options ip_vs conn_tab_bits=15"`},
		{"a million", 4096, 1000000, `"options ip_vs conn_tab_bits=20"`},
		{"more than any table is for", 4096, 50000000, `"options ip_vs conn_tab_bits=20"`},
		{"the largest table there is", 1 << 20, 50000000, "no kernel"},
		{"a tiny table", 4, 17, `"options ip_vs conn_tab_bits=8"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ipvs.TableAdvice(c.size, c.expected)
			if !strings.Contains(got, c.says) || (got == "") != (c.says == "") {
				t.Errorf("advice %q, want %q in it", got, c.says)
			}
		})
	}
}
