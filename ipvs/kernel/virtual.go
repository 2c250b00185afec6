package kernel

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// Virtual is a service to the bit as the kernel has it: ipvs.Service is what a
// configuration can wish for, and this also what a command line can. An
// IPv4-mapped address of the IPv6 family stays one, and masks may have holes.
type Virtual struct {
	Key       ipvs.Key // the family is set and is that of the address
	Scheduler string
	Flags     ipvs.Flags
	Timeout   uint32 // persistence in seconds
	Netmask   uint32 // IPv4: the mask itself; IPv6: the length of a prefix
	PE        string
}

// Real is one server of a Virtual.
type Real struct {
	Server ipvs.Server
	ipvs.Destination
	ipvs.Counts
}

// Listed is a service with all that the kernel tells of it.
type Listed struct {
	Virtual
	Stats   ipvs.Stats
	Servers []Real // in the order in which the kernel has them: the newest first
}

// List is the whole table in the kernel's order. Like Read, it is no snapshot.
func (k *Kernel) List(ctx context.Context) ([]Listed, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := k.virtuals(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := k.servers(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Walk is List for who needs one service at a time: begin has them all, without
// their servers, and may put them into another order; take has each with its
// servers, which are gone when it returns. A large table takes no more memory
// than its services.
func (k *Kernel) Walk(ctx context.Context, begin func([]Listed), take func(*Listed) error) error {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	list, err := k.virtuals(ctx)
	if err != nil {
		return err
	}
	begin(list)
	var space []Real
	for i := range list {
		l := &list[i]
		l.Servers = space[:0]
		if err := k.servers(ctx, l); err != nil {
			return err
		}
		if err := take(l); err != nil {
			return err
		}
		space, l.Servers = l.Servers, nil
	}
	return nil
}

// virtuals reads the services without their servers.
func (k *Kernel) virtuals(ctx context.Context) (list []Listed, err error) {
	err = k.dump(ctx, cmdGetService, nil, func(body []byte) error {
		v, stats, err := parseVirtual(body)
		list = append(list, Listed{Virtual: v, Stats: stats})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the services of IPVS: %w", err)
	}
	return list, nil
}

// Look is one service with its servers; ipvs.ErrNotExist when there is none.
func (k *Kernel) Look(ctx context.Context, key ipvs.Key) (Listed, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return Listed{}, err
	}
	defer end()
	var found Listed
	err = k.ask(ctx, cmdGetService, fillKey(key), func(body []byte) (err error) {
		found.Virtual, found.Stats, err = parseVirtual(body)
		return err
	})
	if err != nil {
		return found, fmt.Errorf("read the service %s: %w", key, err)
	}
	return found, k.servers(ctx, &found)
}

// servers reads the servers of a service.
func (k *Kernel) servers(ctx context.Context, l *Listed) error {
	err := k.dump(ctx, cmdGetDest, fillKey(l.Key), func(body []byte) error {
		server, dest, counts, err := parseDest(body, l.Key.Family)
		l.Servers = append(l.Servers, Real{server, dest, counts})
		return err
	})
	if errors.Is(err, ipvs.ErrNotExist) {
		return nil // It went since the services were read.
	}
	if err != nil {
		return fmt.Errorf("read the servers of %s: %w", l.Key, err)
	}
	return nil
}

// ask sends one request that has one answer.
func (k *Kernel) ask(ctx context.Context, cmd uint8, fill func([]byte) []byte, take func(body []byte) error) error {
	k.conn.seq++
	seq := k.conn.seq
	msg := appendMessage(nil, k.family, unix.NLM_F_ACK, seq, cmd, version, fill)
	return k.conn.exchange(ctx, msg, func(a answer) (bool, error) {
		switch {
		case a.seq != seq: // of an exchange that was given up
			return false, nil
		case a.typ == unix.NLMSG_ERROR:
			return true, translate(cmd, a.errno())
		case a.typ == k.family:
			return false, take(a.body)
		}
		return false, nil
	})
}

// Change is one operation on the table with nothing made normal: what Apply
// is for a director, Edit is for a command line.
type Change struct {
	Verb    ipvs.Verb
	Virtual Virtual
	Server  ipvs.Server
	Dest    ipvs.Destination
}

// Op is the change as an ipvs.Op, which says less.
func (c *Change) Op() ipvs.Op {
	return ipvs.Op{
		Verb: c.Verb, Key: c.Virtual.Key, Server: c.Server, Destination: c.Dest,
		Service: ipvs.Service{Scheduler: c.Virtual.Scheduler, Flags: c.Virtual.Flags, PE: c.Virtual.PE},
	}
}

// Edit does the changes in order and returns an error for each, nil for done,
// as Apply does.
func (k *Kernel) Edit(ctx context.Context, changes []Change) []error {
	errs := make([]error, len(changes))
	ctx, end, err := k.begin(ctx)
	if err != nil {
		fail(errs, err)
		return errs
	}
	defer end()
	for start := 0; start < len(changes); start += batchSize {
		part := changes[start:min(start+batchSize, len(changes))]
		k.write(ctx, errs[start:start+len(part)], func(msgs []byte, i int) ([]byte, uint8) {
			return k.appendChange(msgs, &part[i])
		}, func(i int, err error) error { return explain(part[i].Op(), err) })
	}
	return errs
}

// appendChange appends the message of a change.
func (k *Kernel) appendChange(b []byte, c *Change) ([]byte, uint8) {
	cmd, full, dest := command(c.Verb)
	return appendMessage(b, k.family, 0, k.conn.seq, cmd, version, func(b []byte) []byte {
		b = appendNest(b, attrService, func(b []byte) []byte {
			b = appendKey(b, c.Virtual.Key)
			if full && !dest {
				b = appendVirtual(b, &c.Virtual)
			}
			return b
		})
		if !dest {
			return b
		}
		return appendNest(b, attrDest, func(b []byte) []byte {
			family := ipvs.IPv6 // an IPv4-mapped address too
			if c.Server.Addr().Is4() {
				family = ipvs.IPv4
			}
			b = appendU16(b, destFamily, uint16(family))
			b = appendAddr(b, destAddr, c.Server.Addr())
			b = appendBE16(b, destPort, c.Server.Port())
			if full {
				b = appendDest(b, c.Dest)
			}
			return b
		})
	}), cmd
}

// appendVirtual appends what a service shall be.
func appendVirtual(b []byte, v *Virtual) []byte {
	b = appendText(b, svcScheduler, v.Scheduler)
	b = appendFlags(b, v.Flags)
	b = appendU32(b, svcTimeout, v.Timeout)
	if v.Key.Family == ipvs.IPv6 {
		b = appendU32(b, svcNetmask, v.Netmask)
	} else {
		b = appendBE32(b, svcNetmask, v.Netmask)
	}
	if v.PE != "" {
		b = appendText(b, svcPE, v.PE)
	}
	return b
}
