package testkernel

import (
	"bytes"
	"sync"
)

// consoleKeep is how much of the guest's console an error shows.
const consoleKeep = 3000

// console keeps the end of what the guest kernel says.
type console struct {
	mu   sync.Mutex // guards last.
	last []byte
}

// Write takes console output; it never fails.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = append(c.last, p...)
	if n := len(c.last); n > 2*consoleKeep {
		c.last = append(c.last[:0], c.last[n-consoleKeep:]...)
	}
	return len(p), nil
}

// tail returns the last lines, to be appended to an error.
func (c *console) tail() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := bytes.TrimSpace(bytes.ReplaceAll(c.last, []byte("\r"), nil))
	if n := len(text); n > consoleKeep {
		text = text[n-consoleKeep:]
		if _, whole, ok := bytes.Cut(text, []byte("\n")); ok {
			text = whole
		}
	}
	if len(text) == 0 {
		return ""
	}
	return "\nthe guest's console ended with:\n" + string(text)
}
