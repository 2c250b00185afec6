package director

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/vrrp"
)

// Snapshot asks every part how it is. A part that does not answer before ctx
// ends makes it an error: a director that hangs shall not look well.
func (d *Director) Snapshot(ctx context.Context) (Snapshot, error) {
	d.mu.Lock()
	config, balance := d.config, d.balance
	s := Snapshot{
		Version: d.options.Version, PID: os.Getpid(), Started: d.started, At: time.Now(),
		RouterID: config.RouterID,
		Config:   d.configStatus(),
	}
	d.mu.Unlock()
	if s.RouterID == "" {
		s.RouterID, _ = os.Hostname()
	}
	if d.stopping.Load() {
		return s, errors.New("the director is stopping")
	}
	if err := d.router.Ping(ctx); err != nil {
		return s, fmt.Errorf("the director hangs: %w", err)
	}
	// A pass over the addresses makes what is shown the kernel's own word.
	addresses, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := d.host.Flush(addresses); err != nil {
		s.Warnings = append(s.Warnings, err.Error())
	}
	s.Instances = viewInstances(d.router.Snapshot(), d.host)
	s.Strays = d.router.Strays()
	totals := d.router.Totals()
	s.VRRP = TotalsStatus{totals.ChecksumErrors, totals.VersionErrors, totals.VRIDErrors}
	s.BFD = viewBFD(d.bfd.Status(), d.bfd.Drops())
	s.Notify = viewNotify(d.deliverer.Counts(), d.deliverer.Troubles())
	s.Warnings = append(s.Warnings, untold(s.Notify, s.At)...)
	var table ipvs.Snapshot
	if balance != nil {
		table = balance.reconciler.Snapshot()
		balance.status(&s, config)
	}
	s.Services = []ServiceStatus{}
	err := d.pools.do(ctx, func() {
		s.Services = d.pools.view(table)
		s.Warnings = append(s.Warnings, d.pools.overdue(s.At)...)
	})
	if err != nil {
		return s, err
	}
	s.Warnings = append(s.Warnings, fights(s.Instances)...)
	s.Warnings = append(s.Warnings, mute(s.Instances, s.At)...)
	s.Warnings = append(s.Warnings, unheard(s.Instances, s.At)...)
	s.Warnings = append(s.Warnings, rivals("/proc")...)
	for _, m := range config.MissingInterfaces(InterfaceExists) {
		s.Warnings = append(s.Warnings, m.Message)
	}
	return s, nil
}

// configStatus tells which configuration runs. It counts what check counts.
func (d *Director) configStatus() ConfigStatus {
	return ConfigStatus{File: d.config.File, Loaded: d.loaded, Reload: d.reload,
		Errors: d.judged.Count(conf.Error), Warnings: d.judged.Count(conf.Warning)}
}

// fights finds addresses that somebody removes again and again.
func fights(instances []InstanceStatus) (found []string) {
	for _, i := range instances {
		if r := i.Repairs; r != nil && r.Fought != nil {
			o := r.Fought
			by := o.By
			if by == "" {
				by = "somebody that the kernel does not name"
			}
			found = append(found, fmt.Sprintf("instance %s: %s removes %s from %s again and again, %d times so far, the last at %s: stop that, or it is the address of two managers",
				i.Name, by, o.Address, o.Interface, o.Count, o.Last.Format(time.TimeOnly)))
		}
	}
	return found
}

// mute finds masters whose adverts do not get out: to the other director they
// are dead.
func mute(instances []InstanceStatus, at time.Time) []string {
	var found []string
	for _, i := range instances {
		patience := time.Duration(3*i.AdvertInterval*float64(time.Second)) + 100*time.Millisecond
		last := i.Since
		if i.LastSent != nil {
			last = *i.LastSent
		}
		if i.State == vrrp.Master.String() && at.Sub(last) > patience {
			found = append(found, fmt.Sprintf("instance %s is master, but no advert has left for %s (%d send errors): the other director takes over",
				i.Name, at.Sub(last).Round(10*time.Millisecond), i.SendErrors))
		}
	}
	return found
}

// unheard finds other directors whose adverts are dropped: each takes the other
// for dead, and both are master.
func unheard(instances []InstanceStatus, at time.Time) (found []string) {
	for _, i := range instances {
		for _, drop := range i.LastDrops {
			since := max(at.Sub(drop.At), 0)
			if since > max(5*time.Duration(i.AdvertInterval*float64(time.Second)), unheardRecent) {
				continue
			}
			what := "it is not heard"
			if i.State == vrrp.Master.String() {
				what = "if it is master too, both have the addresses"
			}
			if drop.Why != "" {
				what += "; " + drop.Why
			}
			found = append(found, fmt.Sprintf("instance %s: %s sends adverts that are dropped (%s, %d, last %.1f s ago): %s",
				i.Name, drop.From, drop.Reason, drop.Count, since.Seconds(), what))
		}
	}
	return found
}

// unheardRecent is how long a dropped advert is worth a warning at least: its
// sender may have a longer interval than ours.
const unheardRecent = 15 * time.Second

// summary is the line that systemctl status shows.
func (d *Director) summary() string {
	masters := 0
	all := d.router.Snapshot()
	for _, i := range all {
		if i.State == vrrp.Master {
			masters++
		}
	}
	parts := []string{fmt.Sprintf("master of %d of %d instances", masters, len(all))}
	if n := len(d.config.Services); n > 0 {
		parts = append(parts, fmt.Sprintf("%d services", n))
	}
	return strings.Join(parts, ", ")
}

// monotonic is the clock of systemd's RELOADING=1 message.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
