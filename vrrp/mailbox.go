package vrrp

import "sync"

// mailbox hands work to the router's goroutine. Posting never blocks, and
// what is posted is done in order.
type mailbox struct {
	mu     sync.Mutex
	posted []func(*loop) // guarded by mu

	poke chan struct{} // holds one: there may be something to do
}

func (b *mailbox) post(work func(*loop)) {
	b.mu.Lock()
	b.posted = append(b.posted, work)
	b.mu.Unlock()
	select {
	case b.poke <- struct{}{}:
	default: // A poke is waiting already, and one is enough.
	}
}

// take returns what has been posted since it was called last.
func (b *mailbox) take() []func(*loop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	posted := b.posted
	b.posted = nil
	return posted
}
