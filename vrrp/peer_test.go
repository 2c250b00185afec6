package vrrp

import (
	"fmt"
	"testing"
	"time"
)

// TestPeer: a transition names another master only where it is about one.
func TestPeer(t *testing.T) {
	preempted := append(toBackup[:2:2], step{at: time.Second, ev: hear(50)}, step{at: down, ev: Expired{}})
	tests := []struct {
		name  string
		steps []step
		want  string // of the last one
	}{
		{"a master that was never heard", toMaster, "no master heard"},
		{"a master that is heard no more", append(toBackup[:2:2],
			step{at: time.Second, ev: hear(150)}, step{at: time.Second + down, ev: Expired{}}), "no master heard of 10.20.0.10 with 150"},
		{"a lower master", preempted, "master has a lower priority of 10.20.0.10 with 50"},
		{"a stop some time after that", append(preempted[:4:4], step{at: time.Minute, ev: Stop{}}), "stopped"},
		{"a fault some time after that", append(preempted[:4:4], step{at: time.Minute, ev: linkDown}), "link down"},
		{"a higher master", append(toMaster[:3:3], step{at: 5 * time.Second, ev: hear(150)}), "heard a higher priority of 10.20.0.10 with 150"},
		{"a stop of a backup", append(toBackup[:2:2], step{at: time.Second, ev: hear(150)}, step{at: 2 * time.Second, ev: Stop{}}), "stopped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMachine(testInstance())
			var got string
			for _, s := range tt.steps {
				for _, a := range m.Step(epoch.Add(s.at), s.ev) {
					if a, ok := a.(Transition); ok {
						got = a.Reason.String()
						if a.Peer.IsValid() {
							got += fmt.Sprintf(" of %s with %d", a.Peer, a.PeerPriority)
						}
					}
				}
			}
			if got != tt.want {
				t.Errorf("it tells %q, not %q", got, tt.want)
			}
		})
	}
}
