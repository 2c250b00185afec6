package deliver

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Trouble is something that could not be told when it was tried last. It is over
// when the same succeeds, and for programs and mail when there is another
// configuration: whoever reloads has looked.
type Trouble struct {
	What string // `notify_master of INSTANCE "A"`, "mail to 127.0.0.1:25", "pipe /run/x"
	Why  string
	At   time.Time // the last time
}

// pipeTrouble is how the troubles of pipes begin, which last for as long as the
// pipe does.
const pipeTrouble = "pipe "

// Troubles are what cannot be told just now, the latest first.
func (d *Deliverer) Troubles() []Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.troubles), func(a, b Trouble) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.What, b.What))
	})
}

// trouble notes how something went; an empty why is well.
func (d *Deliverer) trouble(what, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if why == "" {
		delete(d.troubles, what)
		return
	}
	d.troubles[what] = Trouble{what, why, time.Now()}
}

// forgive ends the troubles that a new configuration may have mended.
func (d *Deliverer) forgive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.troubles, func(what string, _ Trouble) bool { return !strings.HasPrefix(what, pipeTrouble) })
}
