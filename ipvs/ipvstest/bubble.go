package ipvstest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Start runs a part that works until its context ends, as the director does.
// stop ends it as a kill does, and waits for it; the end of the test stops it
// too.
func Start(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// After lets time pass in a synctest bubble, and waits until all parts have
// done what it brought.
func After(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
