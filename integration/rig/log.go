package rig

import (
	"bytes"
	"strings"
	"sync"
)

// Log keeps what a program wrote. It is an io.Writer.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer // Guarded by mu.
}

// Write keeps more of the text.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String returns everything so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count returns in how many lines all of the words stand.
func (l *Log) Count(words ...string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		found := true
		for _, word := range words {
			found = found && strings.Contains(line, word)
		}
		if found {
			n++
		}
	}
	return n
}
