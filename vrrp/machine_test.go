package vrrp

import (
	"net/netip"
	"testing"
	"time"
)

// readAt is a higher advert that seems to have come so long after epoch.
func readAt(at time.Duration) Received {
	r := hear(200)
	r.At = epoch.Add(at)
	return r
}

func TestMachine(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Instance)
		from   []step
		steps  []step
	}{
		// RFC 9568 section 6.4.1, Initialize.
		{
			name: "S-02 K-16 a backup starts silent with a full down interval", from: toBackup,
		}, {
			name:   "S-01 K-17 an owner is master at once",
			change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: linkUp, due: never},
				{ev: Start{}, want: "send 255, present, announce 5, MASTER: owns the addresses", due: interval},
			},
		}, {
			name: "an advert before the link is known means nothing",
			steps: []step{
				{ev: Start{}}, {ev: hear(200)}, {ev: hear(0), due: never},
			},
		},

		// RFC 9568 section 6.4.2, Backup.
		{
			name: "S-08 T-03 the down timer fires to the nanosecond", from: toBackup,
			steps: []step{
				{at: down - 1, ev: Expired{}, due: down},
				{at: down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard", due: down + interval},
			},
		}, {
			name: "S-10 P-12 a higher advert restarts the down timer", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: hear(200), due: 2*time.Second + down}},
		}, {
			name: "S-10 an equal advert restarts it, whatever the address", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: hearFrom(lower, 100, interval), due: 2*time.Second + down}},
		}, {
			name: "S-11 a lower advert leaves it alone", from: toBackup,
			steps: []step{
				{at: 2 * time.Second, ev: hear(99), due: down},
				{at: down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master has a lower priority"},
			},
		}, {
			name: "S-09 T-08 priority 0 arms skew", from: toBackup,
			steps: []step{
				{at: 2 * time.Second, ev: hear(200)},
				{at: 2500 * ms, ev: hear(0), due: 2500*ms + skew},
				{at: 2500*ms + skew, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master stopped"},
			},
		}, {
			name: "S-09 T-08 priority 0 arms skew of the master's interval", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hearFrom(higher, 200, 2*interval), due: time.Second + 6*time.Second + 2*skew},
				{at: 3 * time.Second, ev: hearFrom(higher, 0, 2*interval), due: 3*time.Second + 2*skew},
			},
		}, {
			name: "S-10 an advert after priority 0 ends the skew", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hear(0), due: time.Second + skew},
				{at: 1100 * ms, ev: hear(200), due: 1100*ms + down},
			},
		}, {
			name: "S-10 S-21 nopreempt takes a lower master", from: toBackup,
			change: func(in *Instance) { in.NoPreempt = true },
			steps:  []step{{at: 2 * time.Second, ev: hear(50), due: 2*time.Second + down}},
		}, {
			name: "T-06 T-07 K-31 the master's interval is learned and forgotten", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hearFrom(higher, 200, 600*ms), due: time.Second + 1800*ms + 365625*time.Microsecond},
				{at: 3200 * ms, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard", due: 3200*ms + interval},
				{at: 3300 * ms, ev: linkDown, want: "send 0, absent, FAULT: link down eth0", due: never},
				{at: 3400 * ms, ev: linkUp, want: "absent, BACKUP: fault cleared", due: 3400*ms + down},
			},
		}, {
			name: "S-07 shutdown of a backup is silent", from: toBackup,
			steps: []step{{at: time.Second, ev: Stop{}, want: "absent, INIT: stopped", due: never}},
		}, {
			name: "the down timer counts from when the advert was heard, not from when it was read", from: toBackup,
			steps: []step{{at: 2 * time.Second, ev: func() Event {
				r := hear(200)
				r.At = epoch.Add(1900 * ms)
				return r
			}(), due: 1900*ms + down}},
		}, {
			name: "T-10 a clock that is set by an hour while an advert waits to be read turns no timer back", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hear(200), due: time.Second + down},
				{at: 2 * time.Second, ev: readAt(-time.Hour + ms), due: time.Second + down},
				{at: 3 * time.Second, ev: readAt(time.Hour), due: 3*time.Second + down},
			},
		},

		// RFC 9568 section 6.4.3, Active.
		{
			name: "S-14 T-04 an advert every interval", from: toMaster,
			steps: []step{
				{at: down + interval - 1, ev: Expired{}, due: down + interval},
				{at: down + interval, ev: Expired{}, want: "send 100", due: down + 2*interval},
			},
		}, {
			name: "an advert in company leaves early by no more than the slack, and the next is not early", from: toMaster,
			steps: []step{
				{at: down + 998*ms, ev: Expired{Slack: ms}, due: down + interval},
				{at: down + 999*ms, ev: Expired{Slack: ms}, want: "send 100", due: down + 2*interval},
			},
		}, {
			name: "a down timer knows no slack", from: toBackup,
			steps: []step{{at: down - 1, ev: Expired{Slack: ms}, due: down}},
		}, {
			name: "T-04 the next advert is due an interval after this one was due, not after it left", from: toMaster,
			steps: []step{{at: down + 1100*ms, ev: Expired{}, want: "send 100", due: down + 2*interval}},
		}, {
			name: "missed adverts are not made up for", from: toMaster,
			steps: []step{{at: down + 2300*ms, ev: Expired{}, want: "send 100", due: down + 3300*ms}},
		}, {
			name: "S-15 priority 0 is answered at once", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hear(0), want: "send 100, announce 5", due: 5 * time.Second}},
		}, {
			name: "S-17 K-21 a lower advert is answered at once", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hear(50), want: "send 100, announce 5", due: 5 * time.Second}},
		}, {
			name: "S-17 adverts that follow within a tenth of the interval get one answer together", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: hear(50), want: "send 100, announce 5", due: 5 * time.Second},
				{at: 4001 * ms, ev: hear(50), due: 4100 * ms},
				{at: 4002 * ms, ev: hear(0), due: 4100 * ms},
				{at: 4100 * ms, ev: Expired{}, want: "send 100", due: 5 * time.Second},
				{at: 4101 * ms, ev: hear(50), due: 4200 * ms},
				{at: 4200 * ms, ev: Expired{}, want: "send 100", due: 5 * time.Second},
				{at: 4300 * ms, ev: hear(50), want: "send 100", due: 5 * time.Second},
			},
		}, {
			name: "S-17 an equal advert from a lower address likewise", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hearFrom(lower, 100, interval), want: "send 100, announce 5"}},
		}, {
			name: "S-16 P-12 a higher advert ends it", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hear(101), want: "send 100, absent, BACKUP: heard a higher priority", due: 4*time.Second + down}},
		}, {
			name: "S-16 T-06 and its interval is learned", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hearFrom(higher, 101, 2*interval),
				want: "send 100, absent, BACKUP: heard a higher priority", due: 4*time.Second + 6*time.Second + 2*skew}},
		}, {
			name: "S-16 S-19 an equal advert from a higher address, compared as a number", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: hearFrom(higher, 100, interval),
				want: "send 100, absent, BACKUP: heard the same priority from a higher address", due: 4*time.Second + down}},
		}, {
			name: "S-16 S-21 nopreempt does not matter to a master", from: toMaster,
			change: func(in *Instance) { in.NoPreempt = true },
			steps:  []step{{at: 4 * time.Second, ev: hear(101), want: "send 100, absent, BACKUP: heard a higher priority"}},
		}, {
			name: "S-18 shutdown says priority 0", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: Stop{}, want: "send 0, absent, INIT: stopped", due: never},
				{at: 5 * time.Second, ev: linkUp}, {at: 5 * time.Second, ev: Expired{}},
			},
		}, {
			name:   "R-07 O-07 K-20 an owner gives way to an owner of a higher address",
			change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: Start{}},
				{ev: linkUp, want: "send 255, present, announce 5, MASTER: owns the addresses"},
				{at: ms, ev: hearFrom(lower, 255, interval), want: "send 255, announce 5"},
				{at: 2 * ms, ev: hear(255), want: "send 255, absent, BACKUP: heard the same priority from a higher address"},
			},
		}, {
			name: "leaving does nothing at all", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: Leave{}, due: never}, {at: 5 * time.Second, ev: linkDown}},
		},

		// RFC 9568 section 6.1, Preempt_Mode; preempt_delay; holds.
		{
			name: "K-28 preempt_delay starts with the first lower advert, then the down timer runs out", from: toBackup,
			change: func(in *Instance) { in.PreemptDelay = 2 * time.Second },
			steps: []step{
				{at: 500 * ms, ev: hear(50), due: 500*ms + down},
				{at: 1500 * ms, ev: hear(50), due: 1500*ms + down},
				{at: 2499 * ms, ev: hear(50), due: 2499*ms + down},
				{at: 2500 * ms, ev: hear(50), due: 2499*ms + down},
				{at: 2499*ms + down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master has a lower priority"},
			},
		}, {
			name: "K-28 preempt_delay starts anew after a higher master", from: toBackup,
			change: func(in *Instance) { in.PreemptDelay = 2 * time.Second },
			steps: []step{
				{at: 500 * ms, ev: hear(50)},
				{at: 2 * time.Second, ev: hear(200)},
				{at: 3 * time.Second, ev: hear(50), due: 3*time.Second + down},
				{at: 4999 * ms, ev: hear(50), due: 4999*ms + down},
				{at: 5 * time.Second, ev: hear(50), due: 4999*ms + down},
			},
		}, {
			name: "K-28 preempt_delay does not keep anyone from replacing a dead master", from: toBackup,
			change: func(in *Instance) { in.PreemptDelay = time.Hour },
			steps: []step{
				{at: 500 * ms, ev: hear(50)},
				{at: 500*ms + down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a hold accepts lower adverts until it is off", from: toBackup,
			steps: []step{
				{at: ms, ev: Hold{"sync", true}}, {at: ms, ev: Hold{"drain", true}},
				{at: 2 * time.Second, ev: hear(50), due: 2*time.Second + down},
				{at: 3 * time.Second, ev: Hold{"sync", false}},
				{at: 4 * time.Second, ev: hear(50), due: 4*time.Second + down},
				{at: 5 * time.Second, ev: Hold{"drain", false}},
				{at: 6 * time.Second, ev: hear(50), due: 4*time.Second + down},
			},
		}, {
			name: "a hold saves a lower master that was about to be displaced", from: toBackup,
			steps: []step{
				{at: 3 * time.Second, ev: hearFrom(higher, 50, 2*interval), due: down},
				{at: 3500 * ms, ev: Hold{"drain", true}, due: 3*time.Second + 6*time.Second + 2*skew},
			},
		}, {
			name: "S-20 K-28 O-08 nopreempt and preempt_delay do not bind an owner", from: []step{
				{ev: Start{}},
				{ev: linkUp, want: "send 255, present, announce 5, MASTER: owns the addresses"},
				{ev: hear(255), want: "send 255, absent, BACKUP: heard the same priority from a higher address", due: 3*interval + interval/256},
			},
			change: func(in *Instance) { in.Priority, in.NoPreempt, in.PreemptDelay = 255, true, time.Hour },
			steps:  []step{{at: ms, ev: hear(254), due: 3*interval + interval/256}},
		},

		// Priority.
		{
			name: "K-34 a changed priority is in the next advert and sends none itself", from: toMaster,
			steps: []step{
				{at: down + 100*ms, ev: Priority{Source: "interface eth1", Delta: -60}, due: down + interval},
				{at: down + interval, ev: Expired{}, want: "send 40"},
				{at: down + interval, ev: Priority{Source: "interface eth1", Delta: -50}},
				{at: down + 2*interval, ev: Expired{}, want: "send 50"},
				{at: down + 2*interval, ev: Priority{Source: "interface eth1", Delta: 0}},
				{at: down + 3*interval, ev: Expired{}, want: "send 100"},
			},
		}, {
			name: "K-34 a changed priority reshapes the running down timer", from: toBackup,
			steps: []step{
				{at: time.Second, ev: Priority{Source: "interface eth1", Delta: 28}, due: 3500 * ms},
				{at: 2 * time.Second, ev: Priority{Source: "interface eth2", Delta: 64}, due: 3250 * ms},
				{at: 2 * time.Second, ev: hear(191), due: 3250 * ms},
			},
		}, {
			name: "K-34 priorities add up within 1 to 254", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: Priority{Source: "a", Delta: 253}},
				{at: down + interval, ev: Expired{}, want: "send 254"},
				{at: 5 * time.Second, ev: Priority{Source: "b", Delta: -253}}, {at: 5 * time.Second, ev: Priority{Source: "c", Delta: -253}},
				{at: down + 2*interval, ev: Expired{}, want: "send 1"},
			},
		}, {
			name:   "K-34 an owner's priority never changes",
			change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: Start{}}, {ev: Priority{Source: "a", Delta: -100}},
				{ev: linkUp, want: "send 255, present, announce 5, MASTER: owns the addresses"},
			},
		},

		// Faults.
		{
			name: "K-32 the loss of the link is a fault, its return a full down interval", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: linkDown, want: "send 0, absent, FAULT: link down eth0", due: never},
				{at: 5 * time.Second, ev: hear(50)}, {at: 5 * time.Second, ev: Expired{}},
				{at: 6 * time.Second, ev: linkUp, want: "absent, BACKUP: fault cleared", due: 6*time.Second + down},
			},
		}, {
			name: "K-32 a backup goes to FAULT in silence", from: toBackup,
			steps: []step{{at: time.Second, ev: Link{}, want: "absent, FAULT: no such interface eth0", due: never}},
		}, {
			name: "K-32 K-19 without a primary address there is no source", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: Link{Exists: true, Up: true}, want: "send 0, absent, FAULT: no source address eth0"}},
		}, {
			name: "K-49 a configured source needs no primary address", from: toMaster,
			change: func(in *Instance) { in.Source = ours },
			steps:  []step{{at: 4 * time.Second, ev: Link{Exists: true, Up: true}}},
		}, {
			name: "K-32 a tracked defect is a fault until the last one is gone", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: Defect{Why: "interface eth1", On: true}, want: "send 0, absent, FAULT: tracked item failed interface eth1"},
				{at: 4 * time.Second, ev: Defect{Why: "disk", On: true}},
				{at: 5 * time.Second, ev: Defect{Why: "interface eth1", On: false}},
				{at: 6 * time.Second, ev: Defect{Why: "disk", On: false}, want: "absent, BACKUP: fault cleared", due: 6*time.Second + down},
			},
		}, {
			name: "K-19 an owner speaks from the address it owns", change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: Start{}},
				{ev: Link{Exists: true, Up: true, Owned: netip.MustParseAddr("10.20.0.99")}, want: "send 255, present, announce 5, MASTER: owns the addresses"},
			},
		}, {
			name: "whoever is no owner does not",
			steps: []step{
				{ev: Start{}},
				{ev: Link{Exists: true, Up: true, Owned: netip.MustParseAddr("10.20.0.99")}, want: "absent, FAULT: no source address " +
					"eth0: its only address, 10.20.0.99, is a virtual one, which only its owner (priority 255) speaks from"},
			},
		}, {
			name: "an owner does not speak from somebody else's virtual address", change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: Start{}},
				{ev: Link{Exists: true, Up: true, Owned: netip.MustParseAddr("10.20.0.98")}, want: "absent, FAULT: no source address " +
					"eth0: its only address, 10.20.0.98, is a virtual one, which only its owner (priority 255) speaks from"},
			},
		}, {
			name: "a start on a dead link is a fault",
			steps: []step{
				{ev: linkDown},
				{ev: Start{}, want: "absent, FAULT: link down eth0", due: never},
				{at: time.Second, ev: Stop{}, want: "absent, INIT: stopped"},
			},
		},

		// Orders.
		{
			name: "takeover makes a backup master whatever it hears", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hear(200)},
				{at: 2 * time.Second, ev: Takeover{"switchover"}, want: "send 100, present, announce 5, MASTER: told to take over switchover", due: 3 * time.Second},
			},
		}, {
			name: "takeover of a machine in FAULT does nothing",
			steps: []step{
				{ev: linkDown},
				{ev: Start{}, want: "absent, FAULT: link down eth0"},
				{ev: Takeover{"switchover"}},
			},
		}, {
			name: "yield says priority 0 and waits a full down interval", from: toMaster,
			steps: []step{
				{at: 4 * time.Second, ev: Yield{"switchover"}, want: "send 0, absent, BACKUP: told to yield switchover", due: 4*time.Second + down},
				{at: 4 * time.Second, ev: Yield{"switchover"}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			if tt.change != nil {
				tt.change(&in)
			}
			runSteps(t, NewMachine(in), append(tt.from[:len(tt.from):len(tt.from)], tt.steps...))
		})
	}
}
