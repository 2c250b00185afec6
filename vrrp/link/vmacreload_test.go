package link

import (
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// A reload on the master must not cost it the role: what it lacks for a moment
// would be a defect, with goodbye, hooks and mail.
func TestVMACReload(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	h := startHost(t)
	var mu sync.Mutex
	var defects []string
	h.SetDefect(func(_, why string, is bool) {
		mu.Lock()
		defer mu.Unlock()
		defects = append(defects, why)
	})
	h.Want("VI_1", withVMAC(p.near, true, "10.1.0.99/24", "2001:db8::99/64"))
	h.flush(t)
	index := mustLink(t, "vrrp.51").Attrs().Index
	renamed := func(present bool) vrrp.Wish {
		w := withVMAC(p.near, present, "10.1.0.99/24", "2001:db8::99/64")
		w.Own.Name = "vm51"
		w.Routes = []vrrp.Route{{To: prefix("192.0.2.0/24"), Dev: "vm51"}}
		return w
	}
	steps := []struct {
		name  string
		wish  vrrp.Wish
		dev   string
		gone  string
		stays bool // it is the same interface
	}{
		{"another name", renamed(true), "vm51", "vrrp.51", true},
		{"adverts with the MAC of the interface below", func() vrrp.Wish { w := renamed(true); w.Own.XmitBase = true; return w }(), "vm51", "vrrp.51", true},
		{"none", func() vrrp.Wish { w := renamed(true); w.Own, w.Routes = nil, nil; return w }(), p.near, "vm51", false},
		{"one again", renamed(true), "vm51", "vrrp.51", false},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			h.Want("VI_1", s.wish)
			h.flush(t)
			if exists(s.gone) {
				t.Errorf("%s is there", s.gone)
			}
			l := mustLink(t, s.dev).Attrs()
			if s.stays && l.Index != index || l.RawFlags&unix.IFF_UP == 0 {
				t.Errorf("index %d, was %d; flags %#x", l.Index, index, l.RawFlags)
			}
			if got := on(t, s.dev); !slices.Contains(got, "10.1.0.99/24") {
				t.Errorf("addresses %q", got)
			}
			if r := h.Repairs("VI_1"); r.Count != 0 {
				t.Errorf("repairs %+v", r)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(defects) > 0 {
				t.Errorf("told of %q", defects)
			}
		})
	}
	t.Run("a backup's too", func(t *testing.T) {
		h.Want("VI_1", renamed(false))
		h.flush(t)
		h.Want("VI_1", withVMAC(p.near, false, "10.1.0.99/24"))
		h.flush(t)
		if exists("vm51") || !exists("vrrp.51") || mustLink(t, "vrrp.51").Attrs().RawFlags&unix.IFF_UP != 0 {
			t.Error("not renamed, or up")
		}
	})
}
