package vrrp

import (
	"testing"
	"time"
)

// shortest is the shortest master down interval that a peer may have.
const shortest = 3*interval + 2*interval/256

func TestOversleeping(t *testing.T) {
	asleep := down + interval // when the master was last awake: it sent an advert then
	sleep := append(toMaster[:3:3], step{at: asleep, ev: Expired{}, want: "send 100", due: asleep + interval})
	tests := []struct {
		name  string
		from  []step
		steps []step
	}{
		{
			name: "a master that is late by less than a peer's down interval goes on", from: sleep,
			steps: []step{
				{at: asleep + shortest - 1, ev: Resumed{}},
				{at: asleep + shortest - 1, ev: Expired{}, want: "send 100"},
			},
		}, {
			name: "a master that slept listens for an interval and skew, then speaks and announces", from: sleep,
			steps: []step{
				{at: asleep + shortest, ev: Resumed{}, due: asleep + shortest + interval + skew},
				{at: asleep + shortest, ev: Expired{}},
				{at: asleep + shortest + interval, ev: Resumed{}},
				{at: asleep + shortest + interval + skew, ev: Expired{}, want: "send 100, announce 5", due: asleep + shortest + 2*interval + skew},
			},
		}, {
			name: "a master that slept and hears a lower one goes BACKUP first, then preempts", from: sleep,
			steps: []step{
				{at: asleep + 10*time.Second, ev: Resumed{}},
				{at: asleep + 10*time.Second, ev: hear(50), want: "absent, BACKUP: overslept and heard another master", due: asleep + 10*time.Second + down},
				{at: asleep + 11*time.Second, ev: hear(50), due: asleep + 10*time.Second + down},
				{at: asleep + 10*time.Second + down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master has a lower priority"},
			},
		}, {
			name: "a master that slept and hears the other stop speaks at once", from: sleep,
			steps: []step{
				{at: asleep + 10*time.Second, ev: Resumed{}},
				{at: asleep + 10*time.Second, ev: hear(0), want: "send 100, announce 5", due: asleep + 11*time.Second},
			},
		}, {
			name: "a master that slept still loses its link", from: sleep,
			steps: []step{
				{at: asleep + 10*time.Second, ev: Resumed{}},
				{at: asleep + 10*time.Second, ev: linkDown, want: "send 0, absent, FAULT: link down eth0", due: never},
			},
		}, {
			name: "a backup whose timer ran out unheard starts it again", from: toBackup,
			steps: []step{
				{at: down + 251*ms, ev: Resumed{}, due: 2*down + 251*ms},
				{at: down + 251*ms, ev: Expired{}},
				{at: 2*down + 251*ms, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a backup is not late before a quarter of an interval", from: toBackup,
			steps: []step{
				{at: down + 250*ms, ev: Resumed{}, due: down},
				{at: down + 250*ms, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a backup whose timer still runs leaves it alone", from: toBackup,
			steps: []step{{at: down - ms, ev: Resumed{}, due: down}},
		}, {
			name: "a backup that is always late acts the second time", from: toBackup,
			steps: []step{
				{at: down + time.Second, ev: Resumed{}, due: 2*down + time.Second},
				{at: 2*down + 2*time.Second, ev: Resumed{}, due: 2*down + time.Second},
				{at: 2*down + 2*time.Second, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "unless it heard somebody in between", from: toBackup,
			steps: []step{
				{at: down + time.Second, ev: Resumed{}},
				{at: down + 2*time.Second, ev: hear(200), due: 2*down + 2*time.Second},
				{at: 2*down + 3*time.Second, ev: Resumed{}, due: 3*down + 3*time.Second},
			},
		}, {
			name: "what was heard before the sleep and read after it does not turn the timer back", from: toBackup,
			steps: []step{
				{at: 20 * time.Second, ev: Resumed{}, due: 20*time.Second + down},
				{at: 20 * time.Second, ev: func() Event {
					r := hear(200)
					r.At = epoch.Add(2 * time.Second)
					return r
				}(), due: 20*time.Second + down},
			},
		}, {
			name:  "a machine in INIT has not slept",
			steps: []step{{at: time.Hour, ev: Resumed{}, due: never}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runSteps(t, NewMachine(testInstance()), append(tt.from[:len(tt.from):len(tt.from)], tt.steps...))
		})
	}
}
