package wish_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/ipvs/wish"
)

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wish.NewLatest()
		if err := l.Wait(t.Context()); err != nil {
			t.Errorf("nothing wished for: %v", err)
		}
		l.Make()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody deals with it: %v", err)
		}

		first := l.Number()
		l.Make() // while somebody deals with the first
		var got error
		returned := false
		go func() {
			got = l.Wait(t.Context())
			returned = true
		}()
		l.Dealt(first, nil)
		if synctest.Wait(); returned {
			t.Error("an older wish is enough")
		}
		bad := errors.New("bad")
		l.Dealt(l.Number(), bad)
		if synctest.Wait(); !returned || got != bad {
			t.Errorf("returned %v: %v, want %v", returned, got, bad)
		}
		l.Dealt(l.Number(), nil) // A later pass of the same wish went well.
		if err := l.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
