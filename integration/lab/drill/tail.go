package drill

import (
	"bytes"
	"sync"
)

// tailSize is how much of a director's log an error shows.
const tailSize = 8192

// tail keeps the end of what is written to it. It may be used from several
// goroutines.
type tail struct {
	mu   sync.Mutex
	kept []byte // Guarded by mu.
}

// Write keeps the end of b and never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// String returns the kept end, from the first whole line on.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) < tailSize {
		return string(t.kept)
	}
	_, whole, _ := bytes.Cut(t.kept, []byte("\n"))
	return string(whole)
}
