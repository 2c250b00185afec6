// Package watch runs the scripts, reads the files and counts the processes that
// instances track (vrrp/track decides what the results mean), each kind in a
// goroutine of its own, so that a file on a dead NFS server delays no script.
//
// What it watches it was told as a whole: only what an instance or a group that
// runs tracks, as in keepalived.
package watch

import (
	"context"
	"log/slog"
	"sync"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// Watcher watches everything that is tracked but interfaces and BFD sessions.
type Watcher struct {
	scripts   *scripts
	files     *files
	processes *processes
}

// New returns a Watcher that calls publish with the state of each item: at
// once where it is known, and at every change. publish is called from several
// goroutines of Run, and must not block.
func New(log *slog.Logger, publish func(vrrp.Item, vrrp.ItemState)) *Watcher {
	return &Watcher{
		scripts:   newScripts(log, publish),
		files:     newFiles(log, publish),
		processes: newProcesses(log, publish),
	}
}

// Set replaces what is watched. It does not block, and may be called before Run.
// What does not change keeps its results and its timers; an item that is new
// is published as soon as something is known of it, and one that is gone
// never again.
func (w *Watcher) Set(cfg track.Config) {
	w.scripts.wish.put(scriptWish{cfg.Scripts, cfg.Policy})
	w.files.wish.put(cfg.Files)
	w.processes.wish.put(cfg.Processes)
}

// Run watches until the context ends. The scripts that run then are ended; it
// waits for them only as long as they have to end themselves.
func (w *Watcher) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { w.scripts.run(ctx) })
	parts.Go(func() { w.files.run(ctx) })
	parts.Go(func() { w.processes.run(ctx) })
	parts.Wait()
	return nil
}

// wish is the newest of something that one goroutine tells another.
type wish[T any] struct {
	poke chan struct{} // holds a value while there is something to take

	mu    sync.Mutex // guards value and fresh
	value T
	fresh bool
}

func newWish[T any]() wish[T] { return wish[T]{poke: make(chan struct{}, 1)} }

func (w *wish[T]) put(v T) {
	w.mu.Lock()
	w.value, w.fresh = v, true
	w.mu.Unlock()
	select {
	case w.poke <- struct{}{}:
	default: // Whoever takes it takes the newest.
	}
}

// take returns what was put since the last time, if anything was.
func (w *wish[T]) take() (v T, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok = w.value, w.fresh
	w.fresh = false
	return v, ok
}
