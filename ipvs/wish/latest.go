// Package wish numbers what is wanted of a part that works on its own, so that
// somebody can wait until the part has dealt with the latest wish.
package wish

import (
	"context"
	"sync"
)

// Latest is the latest of a row of wishes and what became of it.
type Latest struct {
	mu       sync.Mutex // guards what follows
	made     uint64     // wishes so far
	dealt    uint64     // the newest that was dealt with
	err      error      // what stands between it and the world
	progress chan struct{}
}

// NewLatest is a Latest without a wish.
func NewLatest() *Latest { return &Latest{progress: make(chan struct{})} }

// Make makes the next wish.
func (l *Latest) Make() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
}

// Number is that of the latest wish, from 1; zero: there was none.
func (l *Latest) Number() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made
}

// Dealt says that the wish of this number was tried, and what came of it.
func (l *Latest) Dealt(number uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dealt, l.err = number, err
	close(l.progress)
	l.progress = make(chan struct{})
}

// Wait waits until the latest wish was tried. It returns what came of it, or
// why ctx ended; nil when nothing was wished for.
func (l *Latest) Wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		current, err, progress := l.dealt == l.made, l.err, l.progress
		l.mu.Unlock()
		if current {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-progress:
		}
	}
}
