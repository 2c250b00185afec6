package director

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/tandem-ha/tandem/vrrp"
)

// changes say as attributes of a log what a reload does to the instances: which
// come, go, have another name, and differ otherwise. What does not apply is left
// out. One that keeps interface, family and VRID under another name is renamed:
// it stays the virtual router that it is.
func changes(before, now []vrrp.Instance) []any {
	type id struct {
		iface string
		ipv6  bool
		vrid  uint8
	}
	idOf := func(in vrrp.Instance) id { return id{in.Interface, in.IPv6(), in.VRID} }
	byName, byID, still := make(map[string]vrrp.Instance), make(map[id]vrrp.Instance), make(map[string]bool)
	for _, in := range before {
		byName[in.Name], byID[idOf(in)] = in, in
	}
	for _, in := range now {
		still[in.Name] = true
	}
	var added, removed, renamed, changed []string
	for _, in := range now {
		was, known := byName[in.Name]
		other, same := byID[idOf(in)]
		switch {
		case known && !reflect.DeepEqual(was, in):
			changed = append(changed, in.Name)
		case known:
		case same && !still[other.Name]:
			renamed = append(renamed, fmt.Sprintf("%s to %s", other.Name, in.Name))
			still[other.Name] = true
		default:
			added = append(added, in.Name)
		}
	}
	for _, in := range before {
		if !still[in.Name] {
			removed = append(removed, in.Name)
		}
	}
	var attrs []any
	for _, kind := range []struct {
		key   string
		names []string
	}{{"added", added}, {"removed", removed}, {"renamed", renamed}, {"changed", changed}} {
		if len(kind.names) > 0 {
			attrs = append(attrs, kind.key, fewNames(kind.names))
		}
	}
	return attrs
}

// fewNames are the first of many names.
func fewNames(names []string) string {
	const few = 4
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
