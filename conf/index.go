package conf

import "net/netip"

// index finds what has been read so far by what none may have twice. A large
// file has thousands of each, so that looking through them for every one would
// take minutes.
type index struct {
	instances    map[string]*instance
	refused      map[string]bool // the names of instances of which something is wrong
	routers      map[routerKey]*instance
	groups       map[string]*group
	serverGroups map[string]*vsGroup
	tracked      [trackKinds]map[string]*tracked
	begun        [trackKinds]map[string]*tracked // of which some turned out to be void
	marks        map[netip.Addr][]mark
	paced        map[string]bool // interfaces that are in a garp_group
}

// router is what no two instances may have both.
func (in *instance) router() routerKey {
	return routerKey{vrid: in.VRID, family: in.family(), dev: in.Interface}
}

// addInstance takes an instance that runs.
func (l *loader) addInstance(in *instance) {
	l.instances = append(l.instances, in)
	put(&l.known.instances, in.Name, in)
	put(&l.known.routers, in.router(), in)
}

// addMarks takes what the marks of a service are set on.
func (l *loader) addMarks(marks []mark) {
	for _, m := range marks {
		put(&l.known.marks, m.Addr, append(l.known.marks[m.Addr], m))
	}
}

// put makes the map where there is none yet.
func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}
