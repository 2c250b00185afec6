package realserver

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/tandem-ha/tandem/ipvs/recordfile"
)

// recordName is the record's name in the run directory. It lives as long as
// the boot, like what it tells of.
const recordName = "realserver.json"

// record is what `up` has changed on this host, so that `down` undoes that and
// nothing else.
type record struct {
	Steps  []entry `json:"steps"`
	Wishes []Wish  `json:"wishes"` // One for each VIP.
}

// entry is a step that was taken, and the VIPs that need it.
type entry struct {
	Step Step         `json:"step"`
	VIPs []netip.Addr `json:"vips"`
}

// loadRecord reads the record; a host that was never set up has an empty one.
func loadRecord(dir string) (*record, error) {
	r := &record{}
	if _, err := recordfile.Load(filepath.Join(dir, recordName), "", r); err != nil {
		return nil, fmt.Errorf("read what up has changed: %w; move the file away, and then undo by hand, or by a reboot, what tandem realserver show shows", err)
	}
	return r, nil
}

// save replaces the file, or removes that of an empty record.
func (r *record) save(dir string) error {
	path := filepath.Join(dir, recordName)
	var err error
	if len(r.Steps) == 0 && len(r.Wishes) == 0 {
		err = recordfile.Remove(path)
	} else if err = os.MkdirAll(dir, 0o755); err == nil {
		err = recordfile.Save(path, r)
	}
	if err != nil {
		return fmt.Errorf("keep what up has changed: %w", err)
	}
	return nil
}

// find returns the index of a step that does the same, or -1.
func (r *record) find(s Step) int {
	return slices.IndexFunc(r.Steps, func(e entry) bool { return e.Step.same(s) })
}

// need notes that a VIP needs a step which `up` has taken, now or earlier. A
// step that was never taken by it was so before, and stays for ever.
func (r *record) need(s Step, vip netip.Addr) {
	i := r.find(s)
	if i < 0 && s.Done {
		return
	}
	if i < 0 {
		r.Steps = append(r.Steps, entry{Step: s})
		i = len(r.Steps) - 1
	}
	if !slices.Contains(r.Steps[i].VIPs, vip) {
		r.Steps[i].VIPs = append(r.Steps[i].VIPs, vip)
	}
}

// remember keeps the wish for each of its VIPs.
func (r *record) remember(w Wish) {
	for _, vip := range w.VIPs {
		r.forget(vip)
		one := w
		one.VIPs = []netip.Addr{vip}
		r.Wishes = append(r.Wishes, one)
	}
}

func (r *record) forget(vip netip.Addr) {
	r.Wishes = slices.DeleteFunc(r.Wishes, func(w Wish) bool { return slices.Contains(w.VIPs, vip) })
}

// vips are all that were set up.
func (r *record) vips() []netip.Addr {
	var all []netip.Addr
	for _, w := range r.Wishes {
		all = append(all, w.VIPs...)
	}
	return all
}

// release says that VIPs need nothing any more. It returns the steps that
// nobody needs now, the last one first, and keeps the others.
func (r *record) release(vips []netip.Addr) []Step {
	var kept []entry
	var gone []Step
	for _, e := range r.Steps {
		e.VIPs = slices.DeleteFunc(slices.Clone(e.VIPs), func(v netip.Addr) bool { return slices.Contains(vips, v) })
		if len(e.VIPs) > 0 {
			kept = append(kept, e)
		} else {
			gone = append(gone, e.Step)
		}
	}
	r.Steps = kept
	for _, vip := range vips {
		r.forget(vip)
	}
	slices.Reverse(gone)
	return gone
}
