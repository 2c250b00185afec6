package director

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/bfd/wire"
	"github.com/tandem-ha/tandem/vrrp/link"
	"github.com/tandem-ha/tandem/vrrp/notify/deliver"
	"github.com/tandem-ha/tandem/vrrp/track/watch"
)

// openVRRP makes the parts of VRRP and ties them together: the Router decides,
// the Host has the addresses, the Network the sockets, the Watcher tells of
// links, others of what else is tracked, and the Deliverer tells the world.
func (d *Director) openVRRP() {
	d.network = link.NewNetwork(d.log.With("part", "vrrp"))
	d.host = link.NewHost(d.log.With("part", "address"))
	d.deliverer = deliver.New(d.log.With("part", "notify"))
	d.deliverer.Ready = d.host.Flush
	d.router = vrrp.NewRouter(d.config.VRRP, d.network, d.host, d.log.With("part", "vrrp"))
	d.router.Uptime = uptime()
	d.router.OnNotice = func(n vrrp.Notice) {
		d.deliverer.Notice(n)
		if _, moved := n.(vrrp.Transition); !moved {
			return
		}
		select {
		case d.moved <- struct{}{}:
		default: // one is enough: the summary is made anew
		}
	}
	d.tenures, d.inherited = newTenures(d.options.RunDir, d.router, d.log)
	d.marks = newMarks(d.options.StateDir, d.router, d.log)
	d.host.SetDefect(func(instance, why string, is bool) {
		d.defect(instance, vrrp.Defect{Why: why, On: is, As: vrrp.NoOwn})
	})
	d.tracker = watch.New(d.log.With("part", "track"), d.router.SetItem)
	d.bfd = wire.New(d.log.With("part", "bfd"), func(name string, up bool, detail string) {
		d.router.SetItem(vrrp.Item{Kind: vrrp.BFD, Name: name}, vrrp.ItemState{Up: up, Detail: detail})
	})
	d.watcher = link.NewWatcher(d.log.With("part", "link"), d.router.SetLink)
}

// runVRRP starts the parts of VRRP, the Router last.
func (d *Director) runVRRP(parts *parts) {
	d.setVRRP(d.config)
	parts.run("notifications", d.deliverer.Run)
	parts.run("adverts", d.network.Run)
	parts.run("addresses", d.host.Run)
	parts.run("links", d.watcher.Run)
	parts.run("tracked items", d.tracker.Run)
	parts.run("BFD", d.bfd.Run)
	parts.run("virtual routers", d.router.Run)
	parts.run("marks", d.marks.Run)
	parts.run("tenures", d.tenures.Run)
	if !d.inherited {
		d.host.Sweep()
		return
	}
	// What the run before held is adopted once the router has said so, and not
	// taken away just before.
	time.AfterFunc(adoption, d.host.Sweep)
}

// adoption is how long addresses of the run before may wait for an instance to
// want them. One that is a backup has them taken away at once.
const adoption = 2 * time.Second

// setVRRP hands the parts around the Router their wishes, at the start and
// before the Router gets a new configuration.
func (d *Director) setVRRP(c conf.Config) {
	d.watch(c)
	d.deliverer.Set(c.Notify)
	d.tracker.Set(c.Track)
	d.bfd.Set(c.BFD)
	d.host.SetPacing(c.VRRP.Pacing)
	d.host.SetStatic(c.VRRP.Static, d.missing(d.config.VRRP, c.VRRP))
}

// missing tells the instances of a track_group what is wrong with it. That it is
// over is told to those that a reload has taken out of it, too.
func (d *Director) missing(before, now vrrp.Config) func(group, why string, is bool) {
	return func(group, why string, is bool) {
		instances := slices.Clone(now.Static.Groups[group])
		if !is {
			instances = append(instances, before.Static.Groups[group]...)
		}
		slices.Sort(instances)
		for _, name := range slices.Compact(instances) {
			runs := func(in vrrp.Instance) bool { return in.Name == name }
			if slices.ContainsFunc(now.Instances, runs) {
				d.defect(name, vrrp.Defect{Why: fmt.Sprintf("track_group %s: %s", group, why), On: is})
			}
		}
	}
}

// defect keeps an instance in FAULT while something is wrong.
func (d *Director) defect(instance string, defect vrrp.Defect) {
	if err := d.router.Post(instance, defect); err != nil {
		d.log.Error("tell a virtual router of a defect", "instance", instance, "error", err)
	}
}

// sayGoodbye lets everybody be told of the stop, while the newest connections
// reach the other director.
func (d *Director) sayGoodbye(flush time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		told := make(chan error, 1)
		go func() { told <- d.deliverer.Stop(ctx) }()
		if err := pause(flush)(ctx); err != nil {
			return err
		}
		return <-told
	}
}

// uptime is how long the host has been up.
func uptime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
