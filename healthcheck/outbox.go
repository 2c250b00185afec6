package healthcheck

import "sync"

// outbox holds results until somebody takes them. It keeps the newest result
// of each key, so it never grows beyond the checks and putting never waits: a
// slow reader gets fewer results, not late ones. What a verdict needs
// survives, because Result.Fails counts through results that were replaced.
//
// The mutex guards every field.
type outbox struct {
	mu     sync.Mutex
	bound  map[Key]string // the Spec (as text) that may speak for a key
	latest map[Key]Result
	order  []Key // keys of latest, longest waiting first
	ready  chan struct{}
}

// bind says which Spec speaks for which key from now on, and drops what
// another one said.
func (o *outbox) bind(bound map[Key]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := o.order[:0]
	for _, k := range o.order {
		if spec, ok := bound[k]; ok && spec == o.bound[k] {
			kept = append(kept, k)
		} else {
			delete(o.latest, k)
		}
	}
	o.order, o.bound = kept, bound
}

// put files a result under every key for which spec may speak.
func (o *outbox) put(spec string, keys []Key, res Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range keys {
		if o.bound[k] != spec {
			continue
		}
		if _, waiting := o.latest[k]; !waiting {
			o.order = append(o.order, k)
		}
		res.Key = k
		o.latest[k] = res
	}
	if len(o.order) > 0 {
		select {
		case o.ready <- struct{}{}:
		default:
		}
	}
}

// take empties the box.
func (o *outbox) take() []Result {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]Result, len(o.order))
	for i, k := range o.order {
		list[i] = o.latest[k]
	}
	clear(o.latest)
	o.order = o.order[:0]
	return list
}
