// Package probe holds the Checkers: one file and one struct for each. They
// talk to servers that may be broken or hostile, so every one bounds its time
// and its memory by itself.
package probe

import (
	"errors"
	"fmt"

	"github.com/tandem-ha/tandem/healthcheck"
)

// New makes the Checker that a Spec asks for. It is a healthcheck.Builder. It
// errs on a Spec that no Checker can follow: unknown kind, no target, a bind
// address of the other family, an HTTP_GET without a url.
func New(s healthcheck.Spec) (healthcheck.Checker, error) {
	d, err := newDialer(s)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", s.Kind, err)
	}
	switch s.Kind {
	case healthcheck.TCP:
		return TCP{d}, nil
	case healthcheck.HTTP:
		h, err := newHTTP(d, s.HTTP)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", s.Kind, err)
		}
		return h, nil
	}
	return nil, fmt.Errorf("make %q: %w", string(s.Kind), errors.ErrUnsupported)
}
