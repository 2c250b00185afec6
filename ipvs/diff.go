package ipvs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// String is the operation in words: "add server 192.0.2.11:80 to 192.0.2.80:80 TCP".
func (o Op) String() string {
	switch o.Verb {
	case AddDestination:
		return fmt.Sprintf("%s %s to %s", o.Verb, o.Server, o.Key)
	case SetDestination:
		return fmt.Sprintf("%s %s of %s", o.Verb, o.Server, o.Key)
	case DelDestination:
		return fmt.Sprintf("%s %s from %s", o.Verb, o.Server, o.Key)
	}
	return fmt.Sprintf("%s %s", o.Verb, o.Key)
}

// Diff is the shortest list of operations that turns have into want, in a
// fixed order: what is wanted first, service by service, then the services
// that go. A service whose key stays is changed in place, and so is a server
// whose address stays, because IPVS keeps the connections of both; within a
// service new servers come before old ones go, so that it is never empty on
// the way. Both tables may be in any form; equal ones give no operation.
func Diff(have, want Table) []Op {
	have, want = have.inNormal(), want.inNormal()
	var change, gone []Key
	size := 0
	for key, then := range want {
		if now, ok := have[key]; !ok || !now.equal(then) {
			change = append(change, key)
			size += 1 + len(then.Destinations)
		}
	}
	for key := range have {
		if _, ok := want[key]; !ok {
			gone = append(gone, key)
		}
	}
	slices.SortFunc(change, Key.Compare)
	slices.SortFunc(gone, Key.Compare)

	ops := make([]Op, 0, size+len(gone))
	for _, key := range change {
		now, there := have[key]
		then := want[key]
		switch {
		case !there:
			ops = append(ops, Op{Verb: AddService, Key: key, Service: then.Service})
		case now.Service != then.Service:
			ops = append(ops, Op{Verb: SetService, Key: key, Service: then.Service})
		}
		ops = appendServers(ops, key, now.Destinations, then.Destinations)
	}
	for _, key := range gone {
		// The servers of a service go with it.
		ops = append(ops, Op{Verb: DelService, Key: key})
	}
	return ops
}

// equal says whether two entries in normal form are the same.
func (e Entry) equal(o Entry) bool {
	return e.Service == o.Service && maps.Equal(e.Destinations, o.Destinations)
}

// appendServers appends what turns the servers of a service into those wanted.
func appendServers(ops []Op, key Key, have, want map[Server]Destination) []Op {
	first := len(ops)
	for server, then := range want {
		now, ok := have[server]
		switch {
		case !ok:
			ops = append(ops, Op{Verb: AddDestination, Key: key, Server: server, Destination: then})
		case now != then:
			ops = append(ops, Op{Verb: SetDestination, Key: key, Server: server, Destination: then})
		}
	}
	for server := range have {
		if _, ok := want[server]; !ok {
			ops = append(ops, Op{Verb: DelDestination, Key: key, Server: server})
		}
	}
	slices.SortFunc(ops[first:], func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.Verb, b.Verb), a.Server.Compare(b.Server))
	})
	return ops
}

// Apply does one operation to the table, with the errors of the kernel:
// ErrExist and ErrNotExist. The table must be in normal form.
func (t Table) Apply(op Op) error {
	entry, ok := t[op.Key]
	if ok == (op.Verb == AddService) {
		if ok {
			return ErrExist
		}
		return ErrNotExist
	}
	_, present := entry.Destinations[op.Server]
	switch op.Verb {
	case AddService:
		t[op.Key] = Entry{Service: op.Service, Destinations: map[Server]Destination{}}
	case SetService:
		entry.Service = op.Service
		t[op.Key] = entry
	case DelService:
		delete(t, op.Key)
	case AddDestination:
		if present {
			return ErrExist
		}
		entry.Destinations[op.Server] = op.Destination
	case SetDestination:
		if !present {
			return ErrNotExist
		}
		entry.Destinations[op.Server] = op.Destination
	case DelDestination:
		if !present {
			return ErrNotExist
		}
		delete(entry.Destinations, op.Server)
	default:
		return ErrInvalid
	}
	return nil
}

func sortedKeys(t Table) []Key {
	return slices.SortedFunc(maps.Keys(t), Key.Compare)
}
