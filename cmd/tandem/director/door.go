package director

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-ha/tandem/cmd/tandem/control"
	"github.com/tandem-ha/tandem/ipvs"
)

// door is what the control socket reaches of a director.
type door struct{ *Director }

// Status is the snapshot.
func (d door) Status(ctx context.Context) (any, error) { return d.Snapshot(ctx) }

// Owned are the keys that tandem keeps in IPVS just now.
func (d door) Owned(context.Context) ([]ipvs.Key, error) {
	b := d.balanced()
	if b == nil {
		return []ipvs.Key{}, nil
	}
	return slices.SortedFunc(maps.Keys(b.reconciler.Snapshot().Table), ipvs.Key.Compare), nil
}

// Undrain ends the manual drains that u names.
func (d door) Undrain(_ context.Context, u control.Undrain) ([]control.Undrained, error) {
	b := d.balanced()
	if b == nil {
		return nil, errors.New("nothing is balanced here")
	}
	ended := []control.Undrained{}
	drains := b.reconciler.Drained()
	names := d.serviceNames()
	for _, drain := range drains {
		service, server := drain.Key.String(), drain.Server.String()
		if u.Service != "" && u.Service != service && u.Service != names[drain.Key] {
			continue
		}
		if u.Server != "" && u.Server != server && u.Server != drain.Server.Addr().String() {
			continue
		}
		b.reconciler.Release(drain.Key, drain.Server)
		d.log.Info("manual drain ends by order", "service", service, "server", server)
		ended = append(ended, control.Undrained{Service: service, Server: server, Since: drain.Since})
	}
	if len(ended) > 0 || u == (control.Undrain{}) {
		return ended, nil
	}
	if len(drains) == 0 {
		return nil, errors.New("no server is drained by hand")
	}
	return nil, fmt.Errorf("no such manual drain; drained by hand: %s of %s%s", drains[0].Server, drains[0].Key, more(len(drains)-1))
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more (tandem status)", n)
}

// serviceNames are the names in the status of all services by their keys: a
// group has one for many.
func (d *Director) serviceNames() map[ipvs.Key]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := map[ipvs.Key]string{}
	for _, s := range d.config.Services {
		for _, key := range members(s) {
			names[key] = s.Name
		}
	}
	return names
}

// balanced is the half that needs IPVS, nil when there is none.
func (d *Director) balanced() *balance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.balance
}
