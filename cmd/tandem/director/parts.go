package director

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// parts are the goroutines of a director, all ended together. One that ends
// by itself has failed, and says so once on failed.
type parts struct {
	ctx    context.Context
	cancel context.CancelFunc
	failed chan error
	wg     sync.WaitGroup
	done   chan struct{} // closed when all have ended after stop
}

func newParts() *parts {
	// The parts outlive the context of Run: a stop needs them.
	ctx, cancel := context.WithCancel(context.Background())
	return &parts{ctx: ctx, cancel: cancel, failed: make(chan error, 1), done: make(chan struct{})}
}

// run starts a part.
func (p *parts) run(name string, part func(context.Context) error) {
	p.wg.Go(func() {
		err := part(p.ctx)
		if p.ctx.Err() != nil && err == nil {
			return
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		select {
		case p.failed <- fmt.Errorf("%s: %w", name, err):
		default: // the first failure is the one that matters
		}
	})
}

// stop ends all parts and waits for them, or for ctx. It is called once.
func (p *parts) stop(ctx context.Context) error {
	p.cancel()
	go func() { p.wg.Wait(); close(p.done) }()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ended tells whether stop has seen all parts end.
func (p *parts) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
