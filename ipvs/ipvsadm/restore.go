package ipvsadm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// held is how many changes wait for one another, to be written at once.
const held = 512

// longest is the longest line of a restore in bytes.
const longest = 1 << 20

// restorer does the commands of a stream. Changes are held back and written
// together, which the kernel does in their order: the table becomes what it
// would line by line.
type restorer struct {
	session *session
	force   bool
	line    int
	changes []kernel.Change
	lines   []int // of the changes
	words   []string
	status  int // of the last command so far
}

// restore does what r says, one command a line. As in the original what the
// kernel refuses and an unknown option do not end it, all else does, and the
// status is that of the last command, but for what a running director owns.
func (s *session) restore(ctx context.Context, r io.Reader, force bool) *refusal {
	if r == nil {
		return nil
	}
	rest := restorer{session: s, force: force}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longest)
	for lines.Scan() {
		rest.line++
		stop, bad := rest.do(ctx, lines.Text())
		if bad != nil {
			rest.flush(ctx) // What stands before was there first.
			rest.status = s.report(rest.where(rest.line), bad)
		}
		if stop || bad != nil && bad.stops {
			return rest.ended()
		}
		if ctx.Err() != nil {
			return refuse(statusUsage, "line %d: %v", rest.line, ctx.Err())
		}
	}
	rest.flush(ctx)
	if err := lines.Err(); err != nil {
		return refuse(statusUsage, "line %d: read the commands: %v", rest.line+1, err)
	}
	return rest.ended()
}

// ended is the end of a restore whose errors have been reported. A change that
// was left out for a running director is told even where the last went well.
func (r *restorer) ended() *refusal {
	switch {
	case r.status != statusOK:
		return &refusal{status: r.status}
	case r.session.guard.refused:
		return &refusal{status: statusList}
	}
	return nil
}

func (r *restorer) where(line int) string { return fmt.Sprintf("line %d: ", line) }

// do does one line, or holds it back.
func (r *restorer) do(ctx context.Context, line string) (stop bool, bad *refusal) {
	r.words = splitWords(r.words[:0], line)
	for len(r.words) > 0 && r.words[0] == "ipvsadm" {
		r.words = r.words[1:]
	}
	if len(r.words) == 0 {
		return false, nil
	}
	req, bad := parse(r.words, r.session.names)
	switch {
	case bad != nil:
		return false, bad
	case req.command == restoreTable:
		return true, refuse(statusKernel, "--restore is not understood inside a restore").stop()
	}
	if r.force {
		req.given |= set(optForce)
	}
	if !req.changes() {
		r.flush(ctx)
		r.status = statusOK
		stop = req.command == showHelp || req.command == showVersion
		return stop, r.session.do(ctx, req)
	}
	if len(r.session.guard.owned) > 0 || !r.session.guard.asked {
		r.flush(ctx) // A drain is judged by the table as it is at this line.
		if bad := r.session.allow(ctx, req); bad != nil {
			return false, bad
		}
	}
	r.changes = append(r.changes, req.change())
	r.lines = append(r.lines, r.line)
	if len(r.changes) == held {
		r.flush(ctx)
	}
	return false, nil
}

// flush writes what is held back.
func (r *restorer) flush(ctx context.Context) {
	if len(r.changes) == 0 {
		return
	}
	defer func() { r.changes, r.lines = r.changes[:0], r.lines[:0] }()
	k, bad := r.session.kernel(ctx)
	if bad != nil {
		r.status = r.session.report(r.where(r.lines[0]), bad)
		return
	}
	for i, err := range k.Edit(ctx, r.changes) {
		r.status = statusOK
		if err != nil {
			c := &r.changes[i]
			r.status = r.session.report(r.where(r.lines[i]), changeFailed(c, err))
		}
	}
}

// splitWords appends the words of a line. Quotes mean nothing, and of the
// blanks only those of a text file part words.
func splitWords(words []string, line string) []string {
	for {
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" {
			return words
		}
		end := strings.IndexAny(line, " \t\r\n")
		if end < 0 {
			return append(words, line)
		}
		words, line = append(words, line[:end]), line[end:]
	}
}
