package healthcheck

import "syscall"

// lanes bounds how many probes run at once. Those whose target did not answer
// last time hold a slot for a whole timeout; they get three quarters of the
// slots at most, so that any number of dead targets never keeps a live one
// waiting.
type lanes struct {
	slots  int
	silent int // running probes of silent targets
	busy   int // all running probes

	waiting [2]queue // live targets, silent targets
}

// DefaultConcurrency is half of the files that this process may open, within 64
// to 8192: a running probe holds one file, the other half is for the rest of
// the process. (Go has raised the soft limit to the hard one at the start.)
func DefaultConcurrency() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 64
	}
	return int(min(max(limit.Cur/2, 64), 8192))
}

// wait queues a probe that is due.
func (l *lanes) wait(p *probe) {
	if p.silent {
		l.waiting[1].push(p)
	} else {
		l.waiting[0].push(p)
	}
}

// admit returns the next probe to start and takes a slot for it; nil: none
// waits that may start now.
func (l *lanes) admit() *probe {
	if l.busy >= l.slots {
		return nil
	}
	if p := l.waiting[0].pop(); p != nil {
		l.busy++
		return p
	}
	if l.silent >= max(l.slots*3/4, 1) {
		return nil
	}
	p := l.waiting[1].pop()
	if p != nil {
		l.busy++
		l.silent++
	}
	return p
}

// release gives the slot of a probe back; silent is what p.silent was when it
// was admitted.
func (l *lanes) release(silent bool) {
	l.busy--
	if silent {
		l.silent--
	}
}

// queue is first in, first out.
type queue struct {
	list []*probe
	head int
}

func (q *queue) push(p *probe) { q.list = append(q.list, p) }

// pop returns the first probe that is still wanted.
func (q *queue) pop() *probe {
	for q.head < len(q.list) {
		p := q.list[q.head]
		q.list[q.head] = nil
		q.head++
		if !p.gone {
			return p
		}
	}
	q.list, q.head = q.list[:0], 0
	return nil
}
