package director

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAPartThatHangsIsNamed: the others end, and whoever cleans up after them
// knows which one would undo it.
func TestAPartThatHangsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parts := newParts()
		release := make(chan struct{})
		parts.run("obedient", func(ctx context.Context) error { <-ctx.Done(); return nil })
		parts.run("stubborn", func(context.Context) error { <-release; return nil })
		err := within(time.Second, parts.stop)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "stubborn: ") {
			t.Errorf("stop: %v", err)
		}
		if parts.running("obedient") || !parts.running("stubborn") || parts.running("never started") {
			t.Error("who still runs is not known")
		}
		close(release)
		synctest.Wait()
		if parts.running("stubborn") {
			t.Error("it has ended and counts as running")
		}
	})
}

func TestAPartThatEndsByItselfHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parts := newParts()
		parts.run("short", func(context.Context) error { return nil })
		if err := <-parts.failed; err.Error() != "short: it ended by itself" {
			t.Errorf("got %v", err)
		}
		if err := parts.stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
