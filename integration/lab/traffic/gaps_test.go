package traffic

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at returns the time that lies so many milliseconds after the tests' epoch.
func at(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }

func ats(ms ...int) []time.Time {
	var times []time.Time
	for _, m := range ms {
		times = append(times, at(m))
	}
	return times
}

func TestGaps(t *testing.T) {
	tests := []struct {
		name     string
		replies  []time.Time
		from, to int
		min      time.Duration
		want     []Gap
	}{
		{
			name:    "no reply at all is one gap from end to end",
			replies: nil, from: 100, to: 300,
			want: []Gap{{at(100), at(300)}},
		},
		{
			name:    "a gap that was open at the start counts from the reply before it",
			replies: ats(80, 90, 250, 260), from: 100, to: 260, min: 50 * time.Millisecond,
			want: []Gap{{at(90), at(250)}},
		},
		{
			name:    "what ended before the start does not count",
			replies: ats(0, 95, 100, 105), from: 100, to: 110, min: 50 * time.Millisecond,
			want: nil,
		},
		{
			name:    "the silence at the end counts",
			replies: ats(100, 110), from: 100, to: 400, min: 50 * time.Millisecond,
			want: []Gap{{at(110), at(400)}},
		},
		{
			name:    "replies after the end are not looked at",
			replies: ats(100, 500), from: 100, to: 200, min: 50 * time.Millisecond,
			want: []Gap{{at(100), at(200)}},
		},
		{
			name:    "a gap of exactly the minimum is none",
			replies: ats(100, 150, 201), from: 100, to: 201, min: 50 * time.Millisecond,
			want: []Gap{{at(150), at(201)}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Gaps(tt.replies, at(tt.from), at(tt.to), tt.min)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("gaps differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutageIsTheLongestGapLessTheInterval(t *testing.T) {
	replies := ats(0, 5, 10, 700, 705, 730)
	if got, want := Outage(replies, at(7), at(730), 5*time.Millisecond), 685*time.Millisecond; got != want {
		t.Errorf("outage %s, want %s", got, want)
	}
	if got := Outage(ats(0, 5, 10), at(0), at(10), 20*time.Millisecond); got != 0 {
		t.Errorf("outage %s of a service that answers faster than asked, want 0", got)
	}
}

func TestQuantileAndMedian(t *testing.T) {
	tests := []struct {
		name        string
		values      []int
		q           float64
		quantile    int
		wantsMedian int
	}{
		{"none", nil, 0.5, 0, 0},
		{"one", []int{7}, 0.99, 7, 7},
		{"three, out of order", []int{30, 10, 20}, 0.5, 20, 20},
		{"two take the worse as the median", []int{10, 20}, 0.5, 10, 20},
		{"the 0-quantile is the smallest", []int{3, 1, 2}, 0, 1, 2},
		{"the 1-quantile is the largest", []int{3, 1, 2}, 1, 3, 2},
		{"90 % of ten", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.9, 9, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Quantile(tt.values, tt.q); got != tt.quantile {
				t.Errorf("quantile %g: %d, want %d", tt.q, got, tt.quantile)
			}
			if got := Median(tt.values); got != tt.wantsMedian {
				t.Errorf("median %d, want %d", got, tt.wantsMedian)
			}
		})
	}
}
