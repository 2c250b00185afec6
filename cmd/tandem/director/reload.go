package director

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/cmd/tandem/calm"
	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
)

// Reload hands every part its new wish. What is fatal, and an error that the
// running file did not have, refuses the whole file: nothing has been touched
// then, and status says why.
func (d *Director) Reload(ctx context.Context, parts *parts, fresh reread) {
	notify(d.log, "RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonic().Microseconds()))
	status := &ReloadStatus{At: time.Now()}
	config, found := fresh.config, fresh.found
	if fresh.failed != "" {
		status.Why = []string{fresh.failed}
	} else {
		status.Why = d.refusals(ctx, config, found)
	}
	status.Refused = len(status.Why) > 0
	if status.Refused {
		status.Why = d.few(status.Why, "reasons")
		d.log.Error("reload refused; the running configuration stays as it is", "config", d.options.Config)
		for _, why := range status.Why {
			d.log.Error("reload: " + why)
		}
	} else {
		d.sayFound(fresh.judged)
		what := changes(d.config.VRRP.Instances, config.VRRP.Instances)
		d.apply(ctx, parts, config)
		d.log.Info("reloaded", append([]any{"config", d.options.Config, "instances", len(config.VRRP.Instances), "services", len(config.Services)}, what...)...)
	}
	d.mu.Lock()
	d.reload = status
	if !status.Refused {
		d.take(fresh, status.At)
	}
	d.mu.Unlock()
	notify(d.log, "READY=1", "STATUS="+d.summary())
}

// take notes which configuration runs from here on.
func (d *Director) take(fresh reread, at time.Time) {
	d.config, d.found, d.judged, d.loaded = fresh.config, fresh.found, fresh.judged, at
}

// refusals say why a new configuration must not run; none: it may. An
// interface that is missing for the running configuration just now is
// no reason to refuse another file.
func (d *Director) refusals(ctx context.Context, config conf.Config, found conf.Diagnostics) []string {
	var why []string
	for _, f := range found.NewErrors(d.found) {
		why = append(why, inFull(f))
	}
	if len(why) == 0 && idle(config) && !idle(d.config) {
		why = append(why, "the new file has no vrrp_instance and no virtual_server: reload refused (stop tandem to do that)")
	}
	if len(why) > 0 {
		return why
	}
	missing := config.MissingInterfaces(InterfaceExists)
	for _, f := range missing.NewErrors(d.config.MissingInterfaces(InterfaceExists)) {
		why = append(why, inFull(f))
	}
	why = append(why, invalid(config)...)
	if len(why) > 0 || !balances(config) {
		return why
	}
	if d.balance == nil {
		b, err := openBalance(ctx, d)
		if err != nil {
			return []string{err.Error()}
		}
		d.mu.Lock()
		d.balance = b
		d.mu.Unlock()
	}
	if err := d.balance.probe(ctx, config); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// few are the first of many lines, and how many are left out: a refused reload
// shall not drown the log that says what it was refused for.
func (d *Director) few(lines []string, noun string) []string {
	if len(lines) <= fewFound {
		return lines
	}
	return append(slices.Clone(lines[:fewFound]), d.more(len(lines)-fewFound, noun))
}

// inFull is a finding in a line, with the places that its file is included from.
func inFull(f conf.Diagnostic) string {
	s := f.String()
	for _, from := range slices.Backward(f.Pos.Chain()) {
		s += ", included from " + from.String()
	}
	return s
}

// idle tells whether a configuration has nothing for a director to do. A file
// that a tool has just emptied reads so, and so does one whose every line is for
// another director: no reload shall end all services by that.
func idle(c conf.Config) bool { return len(c.VRRP.Instances) == 0 && len(c.Services) == 0 }

// apply hands the parts their wishes, in the order of a start. Nothing in it
// can fail half-way: each part keeps trying for what it was told.
func (d *Director) apply(ctx context.Context, parts *parts, config conf.Config) {
	if d.balance != nil {
		d.balance.start(parts)
		d.balance.rest(config, d.config)
		d.balance.founded(ctx, 2*time.Second)
		d.balance.set(config)
	}
	err := d.pools.do(ctx, func() {
		if d.balance != nil {
			d.pools.want = d.balance.reconciler.Want
		}
		d.pools.set(config.Services)
	})
	if err != nil {
		d.log.Error("reload services", "error", err)
	}
	if d.balance != nil {
		// Whoever reloads wants what the file says, also where somebody has
		// drained a server by hand.
		d.balance.reconciler.ReleaseAll(ipvs.DrainReloaded)
	}
	d.setVRRP(config)
	d.calm.Set(calm.Settings(config.Process))
	if err := d.router.Reconfigure(config.VRRP); err != nil {
		d.log.Error("reload virtual routers", "error", err)
	}
}
