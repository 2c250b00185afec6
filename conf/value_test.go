package conf

import (
	"strings"
	"testing"
	"time"
)

func TestDecimal(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		want  time.Duration
		exact bool
		ok    bool
	}{
		{"whole seconds", "3", 3 * time.Second, true, true},
		{"a fraction", "0.25", 250 * time.Millisecond, true, true},
		{"no digit before the point", ".5", 500 * time.Millisecond, true, true},
		{"no digit behind the point", "2.", 2 * time.Second, true, true},
		{"microseconds", "1.000001", time.Second + time.Microsecond, true, true},
		{"zeros beyond microseconds", "1.0000010000", time.Second + time.Microsecond, true, true},
		{"rounded down", "0.0000014", time.Microsecond, false, true},
		{"rounded up", "0.0000015", 2 * time.Microsecond, false, true},
		{"rounded up to the next second", "0.9999999", time.Second, false, true},
		{"the longest", "999999999.999999", 999999999*time.Second + 999999*time.Microsecond, true, true},
		{"leading zeros", "0010", 10 * time.Second, true, true},
		{"too long for a duration", "9999999999", 0, false, false},
		{"a unit", "2s", 0, false, false},
		{"milliseconds", "200ms", 0, false, false},
		{"negative", "-1", 0, false, false},
		{"a plus sign", "+1", 0, false, false},
		{"two points", "1.2.3", 0, false, false},
		{"a comma", "1,5", 0, false, false},
		{"an exponent", "1e3", 0, false, false},
		{"hexadecimal", "0x10", 0, false, false},
		{"nothing", "", 0, false, false},
		{"only a point", ".", 0, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, exact, ok := decimal(tt.text)
			if ok != tt.ok || ok && (d != tt.want || exact != tt.exact) {
				t.Errorf("decimal(%q) = %v, exact %v, ok %v; want %v, %v, %v", tt.text, d, exact, ok, tt.want, tt.exact, tt.ok)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	tests := []struct {
		name string
		text string
		want int
		ok   bool
	}{
		{"the least", "-5", -5, true},
		{"the most", "255", 255, true},
		{"leading zeros are decimal", "010", 10, true},
		{"below the least", "-6", 0, false},
		{"above the most", "256", 0, false},
		{"junk behind", "10x", 0, false},
		{"a fraction", "1.0", 0, false},
		{"a plus sign", "+1", 1, true},
		{"both signs", "+-1", 0, false},
		{"an underscore", "1_0", 0, false},
		{"a sign alone", "-", 0, false},
		{"two signs", "--1", 0, false},
		{"too large for any integer", "99999999999999999999", 0, false},
		{"Arabic digits", "١", 0, false},
		{"nothing", "", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, ok := whole(tt.text, -5, 255)
			if ok != tt.ok || ok && n != tt.want {
				t.Errorf("whole(%q) = %d, %v; want %d, %v", tt.text, n, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestQuoteCuts(t *testing.T) {
	word := strings.Repeat("ü", 80)
	if got := quote(word); got != `"`+word+`"` {
		t.Errorf("80 runes are shown as %s", got)
	}
	if got := quote(word + "x"); got != `"`+word+`"...` {
		t.Errorf("81 runes are shown as %s", got)
	}
}
