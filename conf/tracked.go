package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// trackKind is a kind of thing that an instance or a sync group can track.
type trackKind uint8

const (
	trackInterface trackKind = iota
	trackScript              // a vrrp_script
	trackFile                // a track_file
	trackProcess             // a vrrp_track_process
	trackBFD                 // a bfd_instance
	trackKinds               // how many there are
)

var trackKeywords = [...]string{"track_interface", "track_script", "track_file", "track_process", "track_bfd"}

// String is the keyword of the block that names things of the kind.
func (k trackKind) String() string { return trackKeywords[k] }

var trackBlocks = [...]string{"interface", "vrrp_script", "track_file", "vrrp_track_process", "bfd_instance"}

// block is the keyword that defines a thing of the kind.
func (k trackKind) block() string { return trackBlocks[k] }

// maxWeight is the largest weight that a line may give a thing of the kind, as
// in keepalived: a file and a process may take the priority from 254 to below
// 1, which is a fault.
func (k trackKind) maxWeight() int {
	if k == trackFile || k == trackProcess {
		return maxWeight + 1
	}
	return maxWeight
}

// tracked is a thing that can be tracked by its name. Its weight counts where
// the line that tracks it has none.
type tracked struct {
	name    string
	weight  int
	reverse bool
	pos     syntax.Pos
}

// define notes a thing that can be tracked by what stands below it.
func (l *loader) define(k trackKind, t tracked) { l.tracked[k] = append(l.tracked[k], t) }

// defined finds a thing that can be tracked.
func (l *loader) defined(k trackKind, name string) (tracked, bool) {
	i := slices.IndexFunc(l.tracked[k], func(t tracked) bool { return t.name == name })
	if i < 0 {
		return tracked{}, false
	}
	return l.tracked[k][i], true
}
