package ipvs

import (
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
	have, want = have.Normal(), want.Normal()
	var ops []Op
	for _, key := range sortedKeys(want) {
		now, then := have[key], want[key]
		if _, ok := have[key]; !ok {
			ops = append(ops, Op{Verb: AddService, Key: key, Service: then.Service})
		} else if now.Service != then.Service {
			ops = append(ops, Op{Verb: SetService, Key: key, Service: then.Service})
		}
		ops = append(ops, diffServers(key, now.Destinations, then.Destinations)...)
	}
	for _, key := range sortedKeys(have) {
		if _, ok := want[key]; !ok {
			// The servers of a service go with it.
			ops = append(ops, Op{Verb: DelService, Key: key})
		}
	}
	return ops
}

func diffServers(key Key, have, want map[Server]Destination) []Op {
	var add, set, del []Op
	for _, server := range sortedServers(want) {
		now, ok := have[server]
		switch op := (Op{Key: key, Server: server, Destination: want[server]}); {
		case !ok:
			op.Verb = AddDestination
			add = append(add, op)
		case now != want[server]:
			op.Verb = SetDestination
			set = append(set, op)
		}
	}
	for _, server := range sortedServers(have) {
		if _, ok := want[server]; !ok {
			del = append(del, Op{Verb: DelDestination, Key: key, Server: server})
		}
	}
	return slices.Concat(add, set, del)
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

func sortedServers(m map[Server]Destination) []Server {
	return slices.SortedFunc(maps.Keys(m), Server.Compare)
}
