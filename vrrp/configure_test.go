package vrrp

import (
	"net/netip"
	"testing"
	"time"
)

func TestConfigure(t *testing.T) {
	with := func(change func(*Instance)) Configure {
		in := testInstance()
		change(&in)
		return Configure{in}
	}
	vip2 := func(in *Instance) {
		in.Addresses = append(in.Addresses, Address{Prefix: netip.MustParsePrefix("10.20.0.98/24")})
	}
	tests := []struct {
		name  string
		from  []step
		steps []step
	}{
		{
			name: "K-37 nothing changed: a master sends and announces nothing", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: with(func(*Instance) {}), due: down + interval}},
		}, {
			name: "nothing changed: a backup waits as before", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: with(func(*Instance) {}), due: down}},
		}, {
			name: "another list of addresses is a wish, no announcement", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: with(vip2), want: "present", due: down + interval},
				{at: 5 * time.Second, ev: with(vip2)},
			},
		}, {
			name: "of a backup they stay absent", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: with(vip2), want: "absent", due: down}},
		}, {
			name: "K-34 a higher priority reshapes the down timer", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: with(func(in *Instance) { in.Priority = 128 }), due: 3500 * ms}},
		}, {
			name: "a shorter interval of a master holds from now", from: toMaster,
			steps: []step{{at: down + 100*ms, ev: with(func(in *Instance) { in.Interval = 200 * ms }), due: down + 200*ms}},
		}, {
			name: "a longer one from the next advert, which tells it", from: toMaster,
			steps: []step{
				{at: down + 100*ms, ev: with(func(in *Instance) { in.Interval = 3 * time.Second }), due: down + interval},
				{at: down + interval, ev: Expired{}, want: "send 100", due: down + 4*time.Second},
			},
		}, {
			name: "an interval does not replace a learned one: the master has not changed its own", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hear(200)},
				{at: 1100 * ms, ev: with(func(in *Instance) { in.Interval = 100 * ms }), due: time.Second + down},
			},
		}, {
			name: "without a master heard it does", from: toBackup,
			steps: []step{{at: 100 * ms, ev: with(func(in *Instance) { in.Interval = 2 * time.Second }), due: 2 * down}},
		}, {
			name: "nopreempt holds for the next advert", from: toBackup,
			steps: []step{
				{at: 100 * ms, ev: with(func(in *Instance) { in.NoPreempt = true })},
				{at: 2 * time.Second, ev: hear(50), due: 2*time.Second + down},
			},
		}, {
			name: "refreshing can be turned off and on", from: toMaster,
			steps: []step{
				{at: 3700 * ms, ev: with(func(in *Instance) { in.Interval, in.Announce = 40*time.Second, Announce{Repeat: 5, RefreshRepeat: 1} })},
				{at: down + interval, ev: Expired{}, want: "send 100", due: down + 5*time.Second},
				{at: down + 5*time.Second, ev: Expired{}, want: "announce 5", due: down + 41*time.Second},
				{at: 10 * time.Second, ev: with(func(in *Instance) {
					in.Interval, in.Announce = 40*time.Second, Announce{Repeat: 5, Refresh: 7 * time.Second, RefreshRepeat: 2}
				}), due: 17469 * ms},
				{at: 17469 * ms, ev: Expired{}, want: "announce 2", due: 23895 * ms},
			},
		}, {
			name: "a source that is configured ends the lack of one", from: toBackup,
			steps: []step{
				{at: time.Second, ev: Link{Exists: true, Up: true}, want: "absent, FAULT: no source address eth0"},
				{at: 2 * time.Second, ev: with(func(in *Instance) { in.Source = ours }), want: "absent, BACKUP: fault cleared", due: 2*time.Second + down},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runSteps(t, NewMachine(testInstance()), append(tt.from[:len(tt.from):len(tt.from)], tt.steps...))
		})
	}
}

func TestMachineStatus(t *testing.T) {
	in := testInstance()
	in.PreemptDelay = time.Minute
	m := NewMachine(in)
	runSteps(t, m, append(toBackup[:2:2],
		step{at: 500 * ms, ev: Hold{"sync", true}},
		step{at: 600 * ms, ev: Hold{"sync", false}},
		step{at: time.Second, ev: hearFrom(lower, 50, 2*interval)},
		step{at: time.Second, ev: Hold{"drain", true}}))
	s := m.Status(epoch.Add(2 * time.Second))
	if s.State != Backup || s.Reason != "started" || !s.Since.Equal(epoch) || s.Master != lower || s.MasterPriority != 50 || s.Interval != 2*interval {
		t.Errorf("as a backup: %+v", s)
	}
	if len(s.Holds) != 2 || s.Holds[0] != "drain" || s.Holds[1] != "preempt_delay" {
		t.Errorf("holds %q, want drain and preempt_delay", s.Holds)
	}
	m.Step(epoch.Add(2*time.Minute), Defect{Why: "disk", On: true})
	s = m.Status(epoch.Add(2 * time.Minute))
	if s.State != Fault || s.Reason != "tracked item failed: disk" || s.Master.IsValid() || s.Interval != interval {
		t.Errorf("in FAULT: %+v", s)
	}
}
