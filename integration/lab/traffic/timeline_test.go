package traffic

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
)

// answers returns one claim every 20 ms, both ends included.
func answers(d lab.Director, from, to int) []Claim {
	var claims []Claim
	for ms := from; ms <= to; ms += 20 {
		claims = append(claims, Claim{at(ms), d})
	}
	return claims
}

func TestTimeline(t *testing.T) {
	const silence = 50 * time.Millisecond
	join := func(lists ...[]Claim) (all []Claim) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	tests := []struct {
		name      string
		claims    []Claim
		want      []Span
		none, two int // Milliseconds.
		settled   int // -1: not.
	}{
		{
			name:    "nobody answers",
			want:    []Span{{at(100), at(1000), NewOwners()}},
			none:    900,
			settled: -1,
		},
		{
			name:    "one owner from before to after",
			claims:  answers(lab.A, 0, 1000),
			want:    []Span{{at(100), at(1000), NewOwners(lab.A)}},
			settled: 100,
		},
		{
			name:    "two lost answers are no loss of ownership, and the end is not either",
			claims:  join(answers(lab.A, 0, 400), answers(lab.A, 440, 980)),
			want:    []Span{{at(100), at(1000), NewOwners(lab.A)}},
			settled: 100,
		},
		{
			name:   "a dies and b takes over",
			claims: join(answers(lab.A, 0, 200), answers(lab.B, 800, 1000)),
			want: []Span{
				{at(100), at(200), NewOwners(lab.A)},
				{at(200), at(800), NewOwners()},
				{at(800), at(1000), NewOwners(lab.B)},
			},
			none: 600, settled: 800,
		},
		{
			name:   "two owners until one gives way",
			claims: join(answers(lab.A, 0, 1000), answers(lab.B, 300, 500)),
			want: []Span{
				{at(100), at(300), NewOwners(lab.A)},
				{at(300), at(500), NewOwners(lab.A, lab.B)},
				{at(500), at(1000), NewOwners(lab.A)},
			},
			two: 200, settled: 500,
		},
		{
			name:   "the owner that is left falls silent for a while",
			claims: join(answers(lab.A, 0, 400), answers(lab.B, 100, 200), answers(lab.A, 500, 1000)),
			want: []Span{
				{at(100), at(200), NewOwners(lab.A, lab.B)},
				{at(200), at(400), NewOwners(lab.A)},
				{at(400), at(500), NewOwners()},
				{at(500), at(1000), NewOwners(lab.A)},
			},
			none: 100, two: 100, settled: 200,
		},
		{
			name:   "two owners for good",
			claims: join(answers(lab.A, 0, 1000), answers(lab.B, 700, 1000)),
			want: []Span{
				{at(100), at(700), NewOwners(lab.A)},
				{at(700), at(1000), NewOwners(lab.A, lab.B)},
			},
			two: 300, settled: -1,
		},
		{
			name:   "a stranger is an owner too",
			claims: join(answers(lab.A, 0, 1000), answers(0, 900, 1000)),
			want: []Span{
				{at(100), at(900), NewOwners(lab.A)},
				{at(900), at(1000), NewOwners(lab.A, 0)},
			},
			two: 100, settled: -1,
		},
		{
			name:    "what came before the window is not shown",
			claims:  join(answers(lab.B, 0, 40), answers(lab.A, 60, 1000)),
			want:    []Span{{at(100), at(1000), NewOwners(lab.A)}},
			settled: 100,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Timeline(tt.claims, silence, at(100), at(1000))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("spans differ (-want +got):\n%s", diff)
			}
			if got, want := Held(got, 0), time.Duration(tt.none)*time.Millisecond; got != want {
				t.Errorf("without an owner for %s, want %s", got, want)
			}
			if got, want := Held(got, 2), time.Duration(tt.two)*time.Millisecond; got != want {
				t.Errorf("two owners for %s, want %s", got, want)
			}
			since, ok := Settled(got)
			if ok != (tt.settled >= 0) || ok && since != at(tt.settled) {
				t.Errorf("settled %v since %s, want %d ms", ok, since, tt.settled)
			}
		})
	}
}

func TestOwnersInWords(t *testing.T) {
	tests := []struct {
		owners Owners
		want   string
		count  int
	}{
		{NewOwners(), "none", 0},
		{NewOwners(lab.A), "a", 1},
		{NewOwners(lab.B, lab.A), "a+b", 2},
		{NewOwners(lab.B, 0), "b+other", 2},
	}
	for _, tt := range tests {
		if got := tt.owners.String(); got != tt.want || tt.owners.Count() != tt.count {
			t.Errorf("%q with %d owners, want %q with %d", got, tt.owners.Count(), tt.want, tt.count)
		}
	}
}
