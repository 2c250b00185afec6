package ipvsadm

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strings"
)

// saveCommand is ipvsadm-save. It knows -n, any other option gets its help,
// and words mean nothing.
func (s *session) saveCommand(ctx context.Context) int {
	r := request{command: saveTable}
	for _, arg := range s.in.Args {
		switch {
		case arg == "-n":
			r.given |= set(optNumeric)
		case strings.HasPrefix(arg, "-"):
			return s.report("", refuse(statusList, "%s", helpSave))
		}
	}
	return s.report("", s.save(ctx, r))
}

// restoreCommand is ipvsadm-restore: it clears the table first, and knows
// comments. Its arguments mean nothing but --force, as in the original.
func (s *session) restoreCommand(ctx context.Context) int {
	r := request{command: clearTable}
	force := slices.Contains(s.in.Args, "--force")
	if force {
		r.given |= set(optForce)
	}
	if bad := s.whole(ctx, r); bad != nil {
		return s.report("", bad)
	}
	return s.report("", s.restore(ctx, uncommented(s.in.Stdin), force))
}

// uncommented empties the lines that begin with #, so that the others keep
// their numbers.
func uncommented(r io.Reader) io.Reader {
	if r == nil {
		return nil
	}
	return &commentReader{from: bufio.NewReader(r), atStart: true}
}

type commentReader struct {
	from          *bufio.Reader
	atStart, skip bool // of a line; inside a comment
}

func (c *commentReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	kept := p[:0]
	for _, b := range p[:n] {
		if c.atStart {
			c.skip = b == '#'
		}
		c.atStart = b == '\n'
		if !c.skip || c.atStart {
			kept = append(kept, b)
		}
	}
	return len(kept), err
}
