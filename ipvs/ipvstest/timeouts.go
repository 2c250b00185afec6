package ipvstest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// freshTimeouts are those of a new network namespace (tcp_timeouts in
// net/netfilter/ipvs/ip_vs_proto_tcp.c, udp_timeouts in ip_vs_proto_udp.c).
var freshTimeouts = ipvs.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}

// Timeouts are the connection timeouts.
func (k *Kernel) Timeouts(context.Context) (ipvs.Timeouts, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return ipvs.Timeouts{}, k.broken
	}
	return k.timeouts, nil
}

// SetTimeouts sets those that are not zero, all or none (ip_vs_set_timeout).
func (k *Kernel) SetTimeouts(_ context.Context, t ipvs.Timeouts) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return k.broken
	}
	const longest = math.MaxInt32 / 1000 * time.Second // in a kernel of 1000 Hz
	next := k.timeouts
	for _, pair := range []struct {
		value  time.Duration
		target *time.Duration
	}{{t.TCP, &next.TCP}, {t.TCPFin, &next.TCPFin}, {t.UDP, &next.UDP}} {
		switch {
		case pair.value < 0 || pair.value > longest:
			return ipvs.ErrInvalid
		case pair.value > 0:
			*pair.target = pair.value
		}
	}
	k.timeouts = next
	return nil
}

// ConformanceOfTimeouts holds a kernel, of which nobody has set a timeout yet,
// to what is known of the real ones.
func ConformanceOfTimeouts(t *testing.T, k ipvs.TimeoutKernel) {
	want := freshTimeouts
	expect := func() {
		t.Helper()
		if got, err := k.Timeouts(t.Context()); err != nil || got != want {
			t.Errorf("timeouts %+v, %v; want %+v", got, err, want)
		}
	}
	expect()
	want.TCPFin = 33 * time.Second
	if err := k.SetTimeouts(t.Context(), ipvs.Timeouts{TCPFin: want.TCPFin}); err != nil {
		t.Fatal(err)
	}
	expect()
	if err := k.SetTimeouts(t.Context(), ipvs.Timeouts{TCP: time.Second, UDP: -time.Second}); !errors.Is(err, ipvs.ErrInvalid) {
		t.Errorf("a negative timeout: %v, want %v", err, ipvs.ErrInvalid)
	}
	expect()
}
