package probe

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/healthcheck"
)

// A server that comes, goes and comes back, seen through Runner and Gate with
// real sockets.
func TestRunnerFollowsAServer(t *testing.T) {
	target := refused(t)
	s := healthcheck.Spec{
		Kind: healthcheck.TCP, Target: target, Timeout: time.Second,
		Interval: 20 * time.Millisecond, Retries: 1, RetryDelay: 10 * time.Millisecond,
	}
	r := healthcheck.NewRunner(New, slog.New(slog.DiscardHandler), healthcheck.Options{})
	go r.Run(t.Context())
	r.Set([]healthcheck.Check{{Key: "server", Spec: s}})

	var gate healthcheck.Gate
	until := func(want healthcheck.Verdict) {
		for gate.Verdict != want {
			<-r.Ready()
			for _, res := range r.Take() {
				gate, _ = gate.Step(res, s.Retries)
			}
		}
	}
	var story []healthcheck.Reason
	until(healthcheck.Down)
	story = append(story, gate.Reason)

	l := listen(t, target)
	until(healthcheck.Up)
	story = append(story, gate.Reason)

	l.Close()
	until(healthcheck.Down)
	story = append(story, gate.Reason)

	want := []healthcheck.Reason{healthcheck.Refused, healthcheck.Passed, healthcheck.Refused}
	if diff := cmp.Diff(want, story); diff != "" {
		t.Errorf("reasons of the verdicts (-want +got):\n%s", diff)
	}
}

func listen(t *testing.T, at netip.AddrPort) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
