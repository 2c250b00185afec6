package link

import (
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestLeftoverWithAnotherPrefixLength(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	addAddress(t, p.near, "10.1.0.99/32")
	h := startHost(t)
	wishFor(h, "VI_2", p.near, vips("10.1.0.98/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/32")

	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24")
	wantPresent(t, h, "VI_1")

	addAddress(t, p.near, "10.1.0.99/32")
	eventually(t, "word of it", func() bool { return len(h.Present("VI_1")) == 1 })
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true) // exact
	h.flush(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24")
}

// The address by which an operator is logged in survives every wish.
func TestOwnAddressStays(t *testing.T) {
	for _, listed := range []string{"10.1.0.1/24", "10.1.0.1/32"} {
		t.Run("listed as "+listed, func(t *testing.T) {
			p := newPair(t, "10.1.0.1/24", "")
			frames := p.listen(t, typeARP)
			var log strings.Builder
			h := NewHost(logTo(&log))
			stop := start(t, h.Run)
			h.Sweep()
			for _, present := range []bool{false, true, false, true, false} {
				wishFor(h, "VI_1", p.near, vips(listed, "10.1.0.99/24"), present)
				h.flush(t)
				if !present {
					wantOn(t, p.near, "10.1.0.1/24")
					wantPresent(t, h, "VI_1", "10.1.0.1")
					continue
				}
				wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24")
				wantPresent(t, h, "VI_1", "10.1.0.1", "10.1.0.99")
				h.Announce("VI_1", 1)
				within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.1") })
			}
			wishFor(h, "VI_1", p.near, []vrrp.Address{{Prefix: vips(listed)[0].Prefix, Label: p.near + ":1"}}, true)
			h.flush(t)
			h.Forget("VI_1")
			h.flush(t)
			wantOn(t, p.near, "10.1.0.1/24")
			stop()
			if n := strings.Count(log.String(), "is the interface's own"); n != 1 {
				t.Errorf("said %d times, want once:\n%s", n, log.String())
			}
		})
	}
}
