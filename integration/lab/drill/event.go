package drill

import (
	"context"
	"os"
	"syscall"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// nothing takes as long as a failover is watched.
func nothing(ctx context.Context, s *stage) error {
	wait(ctx, 3*s.bounds.MasterDown.Duration())
	return nil
}

func powerLoss(_ context.Context, s *stage) error { return s.lab.PowerLoss(lab.A) }

func revive(ctx context.Context, s *stage) error {
	if err := s.lab.Revive(ctx, lab.A); err != nil {
		return err
	}
	// A host that boots finds /run empty.
	if err := os.RemoveAll(s.lab.Files(lab.A).RunDir); err != nil {
		return err
	}
	return s.start(ctx, lab.A)
}

func terminate(_ context.Context, s *stage) error {
	return s.lab.Process(lab.A).Signal(syscall.SIGTERM)
}

func kill(_ context.Context, s *stage) error { return s.lab.Process(lab.A).Kill() }

func linkDown(side lab.Side) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error { return s.lab.LinkDown(lab.A, side) }
}

func serverDown(_ context.Context, s *stage) error {
	s.servers[0].Down()
	return nil
}

func serverBack(ctx context.Context, s *stage) error { return s.servers[0].Up(ctx) }

func partition(on bool) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error { return s.lab.Partition(on) }
}

func pause(ctx context.Context, s *stage) error {
	master := s.lab.Process(lab.A)
	if err := master.Pause(); err != nil {
		return err
	}
	wait(ctx, 3*s.bounds.MasterDown.Duration())
	return master.Resume()
}

// wait waits for a time or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
