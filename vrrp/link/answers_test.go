package link

import (
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

// Who answers for the addresses over IPv6: a master does, a backup does not.
func TestWhoAnswers(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	p.over(t, func() { shown(t, "addr", "add", "2001:db8::2/64", "dev", p.far, "nodad") })
	addAddress6(t, p.near, "2001:db8::1/64")
	h := startHost(t)
	w := vrrp.Wish{Interface: p.near, Addresses: vips("10.1.0.99/24", "2001:db8::99/64")}
	far := func(addr string) (yes bool) {
		p.over(t, func() { yes = answers(addr) })
		return yes
	}
	h.Want("VI_1", w)
	h.flush(t)
	t.Run("S-04 S-06 a backup answers neither solicitations nor packets", func(t *testing.T) {
		if far("2001:db8::99") || far("10.1.0.99") {
			t.Error("an answer")
		}
		p.over(t, func() {
			if got := strings.Join(shown(t, "-6", "neigh", "show", "2001:db8::99"), ""); strings.Contains(got, "lladdr") {
				t.Errorf("neighbour %q", got)
			}
		})
	})
	w.Present = true
	h.Want("VI_1", w)
	h.flush(t)
	t.Run("S-22 K-27 a master accepts packets unless it is told not to", func(t *testing.T) {
		eventually(t, "answers", func() bool { return far("2001:db8::99") && far("10.1.0.99") })
	})
}
