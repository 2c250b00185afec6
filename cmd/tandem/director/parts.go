package director

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// parts are the goroutines of a director, all ended together. One that ends
// by itself has failed, and says so once on failed.
type parts struct {
	ctx    context.Context
	cancel context.CancelFunc
	failed chan error
	wg     sync.WaitGroup

	mu   sync.Mutex
	live map[string]bool // by name
}

func newParts() *parts {
	// The parts outlive the context of Run: a stop needs them.
	ctx, cancel := context.WithCancel(context.Background())
	return &parts{ctx: ctx, cancel: cancel, failed: make(chan error, 1), live: map[string]bool{}}
}

// run starts a part.
func (p *parts) run(name string, part func(context.Context) error) {
	p.set(name, true)
	p.wg.Go(func() {
		defer p.set(name, false)
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

func (p *parts) set(name string, live bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[name] = live
}

// running tells whether a part has not ended yet.
func (p *parts) running(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live[name]
}

// stop ends all parts and waits for them, or for ctx. It is called once.
func (p *parts) stop(ctx context.Context) error {
	p.cancel()
	done := make(chan struct{})
	go func() { p.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", strings.Join(p.left(), ", "), ctx.Err())
	}
}

// left names the parts that have not ended.
func (p *parts) left() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for name, live := range p.live {
		if live {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
