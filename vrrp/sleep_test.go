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
			name: "T-09 a master that slept listens for an interval and skew, then speaks and announces", from: sleep,
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
			name: "to a backup the time asleep does not count", from: toBackup,
			steps: []step{
				{at: 3 * time.Second, ev: Resumed{2 * time.Second}, due: 2*time.Second + down},
				{at: 2*time.Second + down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a backup whose timer ran out while it slept does not act on it", from: toBackup,
			steps: []step{
				{at: 20 * time.Second, ev: Resumed{18 * time.Second}, due: 18*time.Second + down},
				{at: 20 * time.Second, ev: Expired{}},
			},
		}, {
			name: "a backup that wakes up late again and again still takes over", from: toBackup,
			steps: []step{
				{at: 3 * time.Second, ev: Resumed{2 * time.Second}, due: 2*time.Second + down},
				{at: 6 * time.Second, ev: Resumed{2 * time.Second}, due: 4*time.Second + down},
				{at: 8 * time.Second, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a short sleep before the down timer runs out moves nothing", from: toBackup,
			steps: []step{
				{at: 3 * time.Second, ev: Resumed{interval - 1}, due: down},
			},
		}, {
			name: "a down timer that ran out in a short sleep waits a moment for the readers of the sockets, once", from: toBackup,
			steps: []step{
				{at: down + interval/2, ev: Resumed{interval - 1}, due: down + interval/2 + readersMoment},
				{at: down + interval/2, ev: Expired{}},
				{at: down + interval, ev: Resumed{interval - 1}, due: down + interval/2 + readersMoment},
				{at: down + interval, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard"},
			},
		}, {
			name: "a master that said it stops is not waited for after a short sleep", from: toBackup,
			steps: []step{
				{at: time.Second, ev: hear(0), due: time.Second + skew},
				{at: time.Second + skew + minLate, ev: Resumed{minLate}, due: time.Second + skew},
				{at: time.Second + skew + minLate, ev: Expired{}, want: "send 100, present, announce 5, MASTER: master stopped"},
			},
		}, {
			name: "what was heard before the sleep and read after it does not turn the timer back", from: toBackup,
			steps: []step{
				{at: 20 * time.Second, ev: Resumed{19 * time.Second}, due: 19*time.Second + down},
				{at: 20 * time.Second, ev: func() Event {
					r := hear(200)
					r.At = epoch.Add(2 * time.Second)
					return r
				}(), due: 19*time.Second + down},
				{at: 20 * time.Second, ev: func() Event {
					r := hear(0)
					r.At = epoch.Add(3 * time.Second)
					return r
				}(), due: 19*time.Second + skew},
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
