package vrrp

import (
	"testing"
	"time"
)

// TestManners: what an instance does where the RFCs leave a choice or keepalived
// departs from them.
func TestManners(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Instance)
		from   []step
		steps  []step
	}{
		{
			name: "K-21 lower_prio_no_advert: a lower master gets no answer, and the next advert leaves in time", from: toMaster,
			change: func(in *Instance) { in.Manners.LowerPrioNoAdvert = true },
			steps: []step{
				{at: 4 * time.Second, ev: hear(50), want: "announce 5", due: down + interval},
				{at: 4100 * ms, ev: hear(50), due: down + interval},
				{at: 4200 * ms, ev: hear(0), want: "send 100", due: 5 * time.Second},
			},
		}, {
			name: "K-22 one more advert before giving way, with and without higher_prio_send_advert", from: toMaster,
			change: func(in *Instance) { in.Manners.HigherPrioAdvert = true },
			steps:  []step{{at: 4 * time.Second, ev: hear(101), want: "send 100, absent, BACKUP: heard a higher priority"}},
		}, {
			name: "K-22 but not after an oversleep, when it would be news to nobody", from: toMaster,
			change: func(in *Instance) { in.Manners.HigherPrioAdvert = true },
			steps: []step{
				{at: time.Minute, ev: Resumed{}},
				{at: time.Minute, ev: hear(101), want: "absent, BACKUP: overslept and heard another master"},
			},
		}, {
			name: "K-22 K-23 in the first interval after a preemption a lower advert is answered, and no reason to announce again", from: toBackup,
			steps: []step{
				{at: 2 * time.Second, ev: hear(99)},
				{at: down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master has a lower priority"},
				{at: down + interval - 1, ev: hear(99), want: "send 100"},
				{at: down + interval, ev: hear(99), want: "announce 5", due: down + interval + 100*ms - 1},
			},
		}, {
			name: "K-23 garp_lower_prio_repeat and _delay: their own number, an interval later and after the delay", from: toMaster,
			change: func(in *Instance) { in.Announce.LowerRepeat, in.Announce.LowerDelay = 2, 1500*ms },
			steps: []step{
				{at: 4 * time.Second, ev: hear(50), want: "send 100, announce 2"},
				{at: 5 * time.Second, ev: Expired{}, want: "send 100, announce 2", due: 5500 * ms},
				{at: 5500 * ms, ev: Expired{}, want: "announce 2", due: 6 * time.Second},
			},
		}, {
			name: "K-23 garp_lower_prio_repeat 0: none at all", from: toMaster,
			change: func(in *Instance) { in.Announce.LowerRepeat, in.Announce.LowerDelay = 0, time.Second },
			steps: []step{
				{at: 4 * time.Second, ev: hear(50), want: "send 100", due: 5 * time.Second},
				{at: 5 * time.Second, ev: Expired{}, want: "send 100", due: 6 * time.Second},
			},
		}, {
			name:   "K-29 down_timer_adverts replaces the 3",
			change: func(in *Instance) { in.Manners.DownAdverts = 5 },
			steps: []step{
				{ev: Start{}},
				{ev: linkUp, want: "absent, BACKUP: started", due: 5*interval + skew},
				{at: time.Second, ev: hear(200), due: 6*interval + skew},
			},
		}, {
			name: "K-38 timer_expired_backup: a master that does not preempt and was late for too long is BACKUP", from: toMaster,
			change: func(in *Instance) { in.NoPreempt, in.Manners.TimerExpiredBackup = true, 254 },
			steps: []step{
				{at: down + shortest - 1, ev: Expired{}, want: "send 100"},
				{at: down + shortest - 1 + shortest, ev: Expired{}, want: "absent, BACKUP: held up for longer than the others wait", due: down + 2*shortest - 1 + down},
			},
		}, {
			name: "K-38 as soon as it wakes up, without listening", from: toMaster,
			change: func(in *Instance) { in.NoPreempt, in.Manners.TimerExpiredBackup = true, 254 },
			steps:  []step{{at: down + shortest, ev: Resumed{shortest}, want: "absent, BACKUP: held up for longer than the others wait"}},
		}, {
			name: "K-38 lower others wait longer; until then it listens", from: toMaster,
			change: func(in *Instance) { in.NoPreempt, in.Manners.TimerExpiredBackup = true, 100 },
			steps: []step{
				{at: down + shortest, ev: Resumed{shortest}, due: down + shortest + interval + skew},
				{at: down + down, ev: Resumed{down - shortest}, want: "absent, BACKUP: held up for longer than the others wait"},
			},
		}, {
			name: "K-38 with preemption it means nothing", from: toMaster,
			change: func(in *Instance) { in.Manners.TimerExpiredBackup = 254 },
			steps:  []step{{at: down + shortest, ev: Expired{}, want: "send 100"}},
		}, {
			name: "K-32 dont_track_primary: the loss of the link is no fault, that of the interface is", from: toMaster,
			change: func(in *Instance) { in.Manners.IgnorePrimary = true },
			steps: []step{
				{at: 4 * time.Second, ev: linkDown},
				{at: 4100 * ms, ev: Link{Exists: true, Deaf: "network is down"}},
				{at: 4200 * ms, ev: Link{}, want: "send 0, absent, FAULT: no such interface eth0"},
			},
		}, {
			name: "K-32 dont_track_primary: an address that is lost on a link that is up is a fault", from: toMaster,
			change: func(in *Instance) { in.Manners.IgnorePrimary = true },
			steps:  []step{{at: 4 * time.Second, ev: Link{Exists: true, Up: true}, want: "send 0, absent, FAULT: no source address eth0"}},
		}, {
			name: "K-49 track_src_ip: the loss of the configured source is a fault", from: toMaster,
			change: func(in *Instance) { in.Source, in.Manners.TrackSource = ours, true },
			steps: []step{
				{at: 4 * time.Second, ev: Link{Exists: true, Up: true, Primary: lower, Lost: true},
					want: "send 0, absent, FAULT: no source address eth0: it has no address 10.20.0.5 any more"},
				{at: 5 * time.Second, ev: linkUp, want: "absent, BACKUP: fault cleared"},
			},
		}, {
			name: "K-49 without track_src_ip it is none", from: toMaster,
			change: func(in *Instance) { in.Source = ours },
			steps:  []step{{at: 4 * time.Second, ev: Link{Exists: true, Up: true, Lost: true}}},
		}, {
			name:   "K-49 unicast_fault_no_peer: nobody to speak to is a fault",
			change: func(in *Instance) { in.Manners.FaultWithoutPeer = true },
			steps: []step{
				{ev: Start{}},
				{ev: linkUp, want: "absent, FAULT: no unicast peer", due: never},
			},
		}, {
			name: "K-36 a startup delay: nothing is heard, and the down timer counts from its end",
			steps: []step{
				{ev: quiet{epoch.Add(10 * time.Second)}},
				{ev: Start{}},
				{ev: linkUp, want: "absent, BACKUP: started", due: 10*time.Second + down},
				{at: 2 * time.Second, ev: hearFrom(higher, 200, 40*time.Second), due: 10*time.Second + down},
				{at: 3 * time.Second, ev: Takeover{"switchover"}},
				{at: 11 * time.Second, ev: hear(200), due: 11*time.Second + down},
			},
		}, {
			name:   "K-36 of an owner too",
			change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: quiet{epoch.Add(10 * time.Second)}},
				{ev: Start{}},
				{ev: linkUp, want: "absent, BACKUP: started", due: 13*time.Second + interval/256},
				{at: 13*time.Second + interval/256, ev: Expired{}, want: "send 255, present, announce 5, MASTER: owns the addresses"},
			},
		}, {
			name: "a link that may not forward yet makes no master, and the timer starts anew when it does", from: toBackup,
			steps: []step{
				{at: time.Second, ev: linkDown, want: "absent, FAULT: link down eth0"},
				{at: 2 * time.Second, ev: silent, want: "absent, BACKUP: fault cleared", due: never},
				{at: 20 * time.Second, ev: Expired{}, due: never},
				{at: 20 * time.Second, ev: Takeover{"switchover"}, due: never},
				{at: 21 * time.Second, ev: linkUp, due: 21*time.Second + down},
			},
		}, {
			name:   "nor does it of an owner",
			change: func(in *Instance) { in.Priority = 255 },
			steps: []step{
				{ev: Start{}},
				{ev: silent, want: "absent, BACKUP: started", due: never},
				{at: time.Second, ev: linkUp, due: 4*time.Second + interval/256},
			},
		}, {
			name: "a link that is silent under a master changes nothing", from: toMaster,
			steps: []step{{at: 4 * time.Second, ev: silent, due: down + interval}},
		}, {
			name: "an advert of a worse master does not make the better one's interval shorter", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hearFrom(higher, 200, 2*interval), due: time.Second + 6*interval + 2*skew},
				{at: 1100 * ms, ev: hearFrom(lower, 150, interval/2), due: 1100*ms + 6*interval + 2*skew},
				// The better one is overdue: it is not followed any more.
				{at: 8400 * ms, ev: hearFrom(lower, 150, interval/2), due: 8400*ms + 3*interval/2 + skew/2},
			},
		}, {
			name: "nor the last word of one that stops", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hearFrom(higher, 200, 2*interval)},
				{at: 1100 * ms, ev: hearFrom(higher, 0, 2*interval), due: 1100*ms + 2*skew},
				{at: 1200 * ms, ev: hearFrom(lower, 150, interval/2), due: 1200*ms + 3*interval/2 + skew/2},
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

// silent is a link that came up a moment ago.
var silent = Link{Exists: true, Up: true, Primary: ours, Silent: true}

// TestTwoOwners: RFC 9568 section 8.3.2 wants one; keepalived 2.4 makes the one
// give way that the other does not.
func TestTwoOwners(t *testing.T) {
	owner := []step{
		{ev: Start{}},
		{ev: linkUp, want: "send 255, present, announce 5, MASTER: owns the addresses"},
		{at: 100 * ms, ev: hearFrom(lower, 255, interval), want: "send 255, announce 5"},
		{at: 1100 * ms, ev: Expired{}, want: "send 255, announce 5"},
	}
	// The other one has heard two adverts and goes on.
	deposed := append(owner[:4:4],
		step{at: 1300 * ms, ev: hearFrom(lower, 255, interval), want: "absent, BACKUP: another owner does not give way", due: 1300*ms + 3*interval + interval/256})
	tests := []struct {
		name  string
		from  []step
		steps []step
	}{
		{name: "K-20 the higher address gives way to one that does not hear it", from: deposed},
		{
			name: "K-20 N-14 but not to one that gives way in time", from: owner,
			steps: []step{
				{at: 1200 * ms, ev: hearFrom(lower, 255, interval), want: "send 255"},
				{at: 10 * time.Second, ev: hearFrom(lower, 255, interval), want: "send 255, announce 5"},
			},
		}, {
			name: "K-20 K-30 when the other is gone it is an owner again, with the skew of one", from: deposed,
			steps: []step{
				{at: 2 * time.Second, ev: hearFrom(lower, 255, interval), due: 5*time.Second + interval/256},
				{at: 5*time.Second + interval/256, ev: Expired{}, want: "send 255, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "K-20 or when the other says less", from: deposed,
			steps: []step{
				{at: 2 * time.Second, ev: hearFrom(lower, 254, interval), due: 1300*ms + 3*interval + interval/256},
				{at: 1300*ms + 3*interval + interval/256, ev: Expired{}, want: "send 255, present, announce 5, MASTER: master has a lower priority"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			in.Priority = 255
			runSteps(t, NewMachine(in), append(tt.from[:len(tt.from):len(tt.from)], tt.steps...))
		})
	}
}
