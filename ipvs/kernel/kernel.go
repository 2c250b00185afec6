// Package kernel is IPVS over generic netlink (net/netfilter/ipvs/ip_vs_ctl.c,
// include/uapi/linux/ip_vs.h).
//
// It has its own codec and socket because the libraries lose what tandem must
// compare (persistence engine, tunnel options, 64-bit counters), ask once for
// every entry, and wait without end. Writes go in batches that end in one
// acknowledged empty message: the kernel answers it when it has done all
// before, and reports on its own the ones that failed.
package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// Kernel is IPVS in one network namespace. Its methods may be called from
// several goroutines; one waits for the other.
type Kernel struct {
	family uint16
	epoch  string

	mu   sync.Mutex
	conn *conn // guarded by mu
}

// Open makes a Kernel for the network namespace of the calling thread, and
// loads IPVS when this kernel has it as a module. Without IPVS the error is
// ipvs.ErrNoIPVS and says what to do.
func Open(ctx context.Context) (*Kernel, error) {
	epoch, err := epoch()
	if err != nil {
		return nil, err
	}
	c, err := dial()
	if err != nil {
		return nil, err
	}
	armed, disarm, err := c.arm(ctx)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	family, err := c.loadFamily(armed)
	disarm()
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return &Kernel{family: family, epoch: epoch, conn: c}, nil
}

// Close gives the socket back. What IPVS does goes on.
func (k *Kernel) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.conn.close()
}

// begin has the socket for the caller alone until end, with every wait bounded.
func (k *Kernel) begin(ctx context.Context) (armed context.Context, end func(), err error) {
	k.mu.Lock()
	armed, disarm, err := k.conn.arm(ctx)
	if err != nil {
		k.mu.Unlock()
		return nil, nil, err
	}
	return armed, func() { disarm(); k.mu.Unlock() }, nil
}

// Epoch names the table that this Kernel changes: this boot and this network
// namespace. It is what an ipvs.Record wants.
func (k *Kernel) Epoch() string { return k.epoch }

func epoch() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("tell this boot from others: %w", err)
	}
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/thread-self/ns/net", &st); err != nil {
		return "", fmt.Errorf("tell this network namespace from others: %w", err)
	}
	return fmt.Sprintf("%s/%d", strings.TrimSpace(string(boot)), st.Ino), nil
}

// Dump is the whole table in normal form.
func (k *Kernel) Dump(ctx context.Context) (ipvs.Table, error) {
	t, _, err := k.Read(ctx)
	return t, err
}

// Read is the whole table in normal form with its live figures. It is no
// snapshot: the kernel lets others write between two services.
func (k *Kernel) Read(ctx context.Context) (ipvs.Table, ipvs.Figures, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	table, figures := ipvs.Table{}, ipvs.Figures{}
	err = k.dump(ctx, cmdGetService, nil, func(body []byte) error {
		key, service, stats, err := parseService(body)
		table[key] = ipvs.Entry{Service: service, Destinations: map[ipvs.Server]ipvs.Destination{}}
		figures[key] = ipvs.Figure{Stats: stats, Servers: map[ipvs.Server]ipvs.Counts{}}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the services of IPVS: %w", err)
	}
	for key, entry := range table {
		if err := k.destinations(ctx, key, entry.Destinations, figures[key].Servers); err != nil {
			return nil, nil, err
		}
	}
	return table, figures, nil
}

// destinations reads the servers of a service into maps.
func (k *Kernel) destinations(ctx context.Context, key ipvs.Key, servers map[ipvs.Server]ipvs.Destination, figures map[ipvs.Server]ipvs.Counts) error {
	err := k.dump(ctx, cmdGetDest, fillKey(key), func(body []byte) error {
		server, dest, counts, err := parseDest(body, key.Family)
		servers[server], figures[server] = dest, counts
		return err
	})
	if err != nil {
		return fmt.Errorf("read the servers of %s: %w", key, err)
	}
	return nil
}

// Entries are the given services in normal form. One that is not there is left
// out.
func (k *Kernel) Entries(ctx context.Context, keys []ipvs.Key) (ipvs.Table, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	table := ipvs.Table{}
	for _, key := range keys {
		entry := ipvs.Entry{Destinations: map[ipvs.Server]ipvs.Destination{}}
		err := k.ask(ctx, cmdGetService, fillKey(key), func(body []byte) (err error) {
			_, entry.Service, _, err = parseService(body)
			return err
		})
		if errors.Is(err, ipvs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the service %s: %w", key, err)
		}
		if err := k.destinations(ctx, key, entry.Destinations, map[ipvs.Server]ipvs.Counts{}); err != nil {
			return nil, err
		}
		table[key] = entry
	}
	return table, nil
}

// fillKey appends the attribute that names a service.
func fillKey(key ipvs.Key) func([]byte) []byte {
	return func(b []byte) []byte {
		return appendNest(b, attrService, func(b []byte) []byte { return appendKey(b, key) })
	}
}

// Services are the services alone.
func (k *Kernel) Services(ctx context.Context) (map[ipvs.Key]ipvs.Service, error) {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	services := map[ipvs.Key]ipvs.Service{}
	err = k.dump(ctx, cmdGetService, nil, func(body []byte) error {
		key, service, _, err := parseService(body)
		services[key] = service
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the services of IPVS: %w", err)
	}
	return services, nil
}

// dump asks for a list and hands each of its messages to take.
func (k *Kernel) dump(ctx context.Context, cmd uint8, fill func([]byte) []byte, take func(body []byte) error) error {
	k.conn.seq++
	seq := k.conn.seq
	msg := appendMessage(nil, k.family, unix.NLM_F_DUMP, seq, cmd, version, fill)
	return k.conn.exchange(ctx, msg, func(a answer) (bool, error) {
		switch {
		case a.seq != seq: // of an exchange that was given up
			return false, nil
		case a.typ == unix.NLMSG_DONE, a.typ == unix.NLMSG_ERROR:
			return true, translate(cmd, a.errno())
		case a.typ == k.family:
			return false, take(a.body)
		}
		return false, nil
	})
}
