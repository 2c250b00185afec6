package link

import (
	"slices"
	"strings"
	"testing"
)

func TestCleanup(t *testing.T) {
	p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "", "")
	h := NewHost(testLog(t))
	crash := start(t, h.Run)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "2001:db8::99/128"), true)
	wishFor(h, "VI_2", q.near, vips("10.3.0.1/24"), true)
	h.flush(t)
	crash()
	addAddress(t, p.near, "10.1.0.97/24")
	addAddress(t, q.near, "10.3.0.2/24") // falls with the virtual one, unless it is put back

	var log strings.Builder
	removed, err := Cleanup(t.Context(), logTo(&log))
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	slices.Sort(removed)
	want := []string{"10.1.0.99/24 on " + p.near, "10.3.0.1/24 on " + q.near, "2001:db8::99/128 on " + p.near}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.97/24")
	wantOn(t, q.near, "10.3.0.2/24")

	removed, err = Cleanup(t.Context(), quiet())
	if len(removed) > 0 || err != nil {
		t.Errorf("a second time: %q, %v", removed, err)
	}
}

func TestKernelsThatKeepMarks(t *testing.T) {
	for release, want := range map[string]bool{
		"4.19.0": false, "5.10.0-30-amd64": false, "5.17.15": false, "5.18.0": true, "5.18-rc1": true,
		"6.1.0-18-amd64": true, "10.0": true, "strange": true,
	} {
		if got := since518(release); got != want {
			t.Errorf("%s: %v", release, got)
		}
	}
}
