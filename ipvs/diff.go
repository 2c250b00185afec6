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
// the way. A server that the kernel cannot change in place is removed and added
// at once: its connections find it again. Both tables may be in any form; equal ones give no operation.
func Diff(have, want Table) []Op { return diff(have, want, Destination.mustReplace) }

// changed is what differs, as a person would tell it: no server is replaced.
func changed(have, want Table) []Op {
	return diff(have, want, func(Destination, Destination, Server) bool { return false })
}

func diff(have, want Table, replace func(then, now Destination, s Server) bool) []Op {
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
		ops = appendServers(ops, key, now.Destinations, then.Destinations, replace)
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
func appendServers(ops []Op, key Key, have, want map[Server]Destination, replace func(then, now Destination, s Server) bool) []Op {
	first := len(ops)
	var replaced []Server
	for server, then := range want {
		now, ok := have[server]
		switch {
		case ok && now != then && replace(then, now, server):
			replaced = append(replaced, server)
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
	slices.SortFunc(replaced, Server.Compare)
	for _, server := range replaced {
		ops = append(ops,
			Op{Verb: DelDestination, Key: key, Server: server},
			Op{Verb: AddDestination, Key: key, Server: server, Destination: want[server]})
	}
	return ops
}

// mustReplace says that a server which is to be reached by a tunnel from now on
// cannot be changed in place. The kernel finds the server that an ICMP error
// from inside a tunnel is about by the port of the tunnel, and files it under
// that port only once (ip_vs_rs_hash returns early for one that is filed; Linux
// 5.3 and later). Filed under another one, no error reaches a client: it never
// learns the path MTU, and its large packets are lost without a word.
func (d Destination) mustReplace(now Destination, server Server) bool {
	then, _ := d.filed(server)
	before, filed := now.filed(server)
	return d.Forwarding == Tunnel && filed && before != then
}

// filed is the port under which the kernel files a server to find it by its
// packets; one that is reached by DR or locally is not filed.
func (d Destination) filed(server Server) (port uint16, ok bool) {
	switch {
	case d.Forwarding == NAT:
		return server.Port(), true
	case d.Forwarding == Tunnel && d.Tunnel.Type == GUE:
		return d.Tunnel.Port, true
	}
	return 0, d.Forwarding == Tunnel
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
