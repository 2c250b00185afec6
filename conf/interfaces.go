package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// InterfaceUse is one place where the file names a network interface. Whether
// it exists is the host's business and changes while the file does not, so it
// is no part of reading the file.
type InterfaceUse struct {
	Name    string
	Keyword string // what names it: interface, dev, track_interface, lvs_sync_daemon
	By      string // the block: "vrrp_instance VI_1" or "global_defs"
	Pos     syntax.Pos
}

// MissingInterfaces returns one error for every use of an interface for which
// exists says no. keepalived refuses to start then; tandem starts, and what
// needs the interface waits for it.
func (c Config) MissingInterfaces(exists func(name string) bool) Diagnostics {
	var ds Diagnostics
	for _, u := range c.Interfaces {
		if exists(u.Name) {
			continue
		}
		ds = append(ds, Diagnostic{
			Pos:      u.Pos,
			Severity: Error,
			Message:  fmt.Sprintf("%s: %s %s does not exist on this host: %s until it appears", u.By, u.Keyword, u.Name, missingEffect(u.Keyword)),
			Hint:     "ip link shows the interfaces there are",
			Class:    MissingInterface,
		})
	}
	return ds
}

// missingEffect says what the lack of an interface means for its user.
func missingEffect(keyword string) string {
	switch keyword {
	case "dev":
		return "the address cannot be set"
	case "track_interface":
		return "it counts as down"
	case "lvs_sync_daemon", "lvs_sync_daemon_interface":
		return "connections are not synchronised"
	default:
		return "the instance stays in FAULT"
	}
}

// interfaceName tells whether Linux can have an interface of the name: IFNAMSIZ
// is 16, and the name is an element of a path below /proc/sys
// (dev_valid_name in net/core/dev.c).
func interfaceName(name string) bool {
	return name != "" && len(name) < 16 && name != "." && name != ".." && !strings.Contains(name, "/")
}

// badInterface is the rest of a sentence about a name that none can have.
const badInterface = "an interface name has 1 to 15 bytes, and no /"

// sortUses puts the uses in the order of the file.
func sortUses(uses []InterfaceUse) {
	slices.SortStableFunc(uses, func(a, b InterfaceUse) int { return a.Pos.Compare(b.Pos) })
}
