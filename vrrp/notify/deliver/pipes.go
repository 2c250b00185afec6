package deliver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// lingerTime is how long a pipe that is closed may take to be read to its end.
const lingerTime = 500 * time.Millisecond

// retryLeast and retryMost bound the pause before a pipe is opened again, or the
// program that reads it is started again.
const (
	retryLeast = time.Second
	retryMost  = time.Minute
)

// pipeReader is the part of a pipe that a program is.
const pipeReader = ", its reader"

// pipe is one named pipe that is written to. It is opened for reading too, so
// that a write never fails for want of a reader, and without blocking.
type pipe struct {
	config notify.Pipe
	policy program.Policy
	log    *slog.Logger
	ready  func(context.Context)
	idle   func()                 // called when all lines are written
	failed func(what, why string) // of "" or pipeReader; an empty why is well
	bell   chan struct{}
	cancel context.CancelFunc // no more is added
	ended  chan struct{}      // closed: nothing is left of it

	mu       sync.Mutex // guards what follows
	backlog  notify.Backlog
	writing  bool
	hurried  bool // a full pipe is waited for only for a moment
	said     int  // lines dropped that are logged
	file     *os.File
	info     fs.FileInfo // of the file
	made     bool        // by us
	someLost bool        // a line was not taken in time: there is no reader
}

// plumb brings the pipes in line with the configuration. One that stays as it is
// is not touched: its reader misses nothing.
func (d *Deliverer) plumb(ctx context.Context) {
	var pipes []*pipe
	for _, c := range d.config.Pipes {
		var before *pipe // of the same path
		for _, o := range d.pipes {
			if o.config.Path == c.Path {
				before = o
			}
		}
		if before != nil && before.policy == d.config.Policy && samePipe(c, before.config) {
			pipes = append(pipes, before)
			continue
		}
		pipes = append(pipes, d.lay(ctx, c, before))
	}
	for _, p := range d.pipes {
		if !slices.Contains(pipes, p) {
			p.cancel()
		}
	}
	d.pipes = pipes
}

// lay starts a pipe, once the one before at its path is gone.
func (d *Deliverer) lay(ctx context.Context, c notify.Pipe, before *pipe) *pipe {
	ctx, cancel := context.WithCancel(ctx)
	p := &pipe{
		config: c, policy: d.config.Policy, log: d.log.With("pipe", c.Path), ready: func(context.Context) {}, idle: d.ring,
		bell: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{}),
	}
	if d.Ready != nil {
		p.ready = d.ready
	}
	p.failed = func(what, why string) { d.trouble(pipeTrouble+c.Path+what, why) }
	d.tasks.Go(func() {
		defer close(p.ended)
		defer p.failed(pipeReader, "")
		defer p.failed("", "")
		defer cancel()
		if before != nil {
			<-before.ended
		}
		p.run(ctx)
	})
	return p
}

func samePipe(a, b notify.Pipe) bool {
	return a.Path == b.Path && a.User == b.User && a.Group == b.Group && a.What == b.What &&
		a.Reader.User == b.Reader.User && a.Reader.Group == b.Reader.Group && slices.Equal(a.Reader.Args, b.Reader.Args)
}

// drained tells that no pipe has anything left to write that it could.
func (d *Deliverer) drained() bool {
	for _, p := range d.pipes {
		if p.busy() {
			return false
		}
	}
	return true
}

func (p *pipe) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file != nil && (p.writing || p.backlog.Len() > 0)
}

// add takes a line and returns how many others had to go. It does not block.
func (p *pipe) add(e notify.Event) int {
	p.mu.Lock()
	before := p.backlog.Dropped
	p.backlog.Add(e)
	dropped := p.backlog.Dropped
	if dropped > 0 && (p.said == 0 || dropped >= 10*p.said) {
		p.said = dropped
		p.log.Warn("nobody reads the pipe: lines that later ones make untrue are dropped", "dropped", dropped)
	}
	p.mu.Unlock()
	select {
	case p.bell <- struct{}{}:
	default:
	}
	return dropped - before
}

// run writes until ctx ends, and takes the pipe away if it was made here. The
// path goes first: who loops over it shall not open it again.
func (p *pipe) run(ctx context.Context) {
	if !p.openAgain(ctx) {
		return
	}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	reader := make(chan struct{})
	go func() {
		defer close(reader)
		if !p.config.Reader.Empty() {
			p.read(ctx, reading)
		}
	}()
	p.write(ctx)
	if p.made {
		if err := os.Remove(p.config.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.log.Warn("take the pipe away", "error", err)
		}
	}
	p.file.Close()
	// The reader reads what is left and then the end of the file.
	select {
	case <-reader:
	case <-time.After(lingerTime):
		cancel()
		<-reader
	}
}

// openAgain opens the pipe, and makes it where it is missing, until that works.
// false: it is over before.
func (p *pipe) openAgain(ctx context.Context) bool {
	for pause := retryLeast; ; pause = min(2*pause, retryMost) {
		err := p.open()
		if err == nil {
			p.failed("", "")
			return true
		}
		p.failed("", err.Error())
		p.log.Error("open the pipe", "error", err, "again_in", pause.String())
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

func (p *pipe) open() error {
	path := p.config.Path
	err := unix.Mkfifo(path, 0o600)
	switch {
	case err == nil:
		p.made = true
		owner, err := program.AccountOf(p.config.User, p.config.Group, p.policy)
		if err == nil {
			err = os.Lchown(path, int(owner.UID), int(owner.GID))
		}
		if err != nil {
			p.log.Warn("the pipe is ours alone", "error", err)
		}
	case err != unix.EEXIST:
		return fmt.Errorf("make pipe %s: %w", path, err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return fmt.Errorf("%s is no named pipe: remove it, or name another path", path)
	}
	f, err := os.OpenFile(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file, p.info = f, info
	return nil
}

// write writes the backlog. A line is shorter than PIPE_BUF, so that it is
// written as a whole or not at all (pipe(7)).
func (p *pipe) write(ctx context.Context) {
	defer context.AfterFunc(ctx, p.hurry)()
	for {
		text, kind, ok := p.take()
		if !ok {
			p.idle()
			select {
			case <-p.bell:
				continue
			case <-ctx.Done():
			}
			if text, kind, ok = p.take(); !ok {
				return
			}
		}
		if kind == notify.StateChange {
			p.ready(ctx)
		}
		p.renew(ctx)
		p.allow()
		if _, err := p.file.WriteString(text); err != nil {
			p.lost(err)
		}
	}
}

// lost says, once, that nobody has taken a line. At the end nobody takes the
// next ones either.
func (p *pipe) lost(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.someLost {
		p.log.Warn("nobody reads the pipe: what has not been read is lost", "error", err)
	}
	p.someLost = true
	if p.hurried {
		p.backlog.Clear()
	}
}

// take is the line to write next.
func (p *pipe) take() (text string, kind notify.EventKind, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, kind, p.writing = p.backlog.Take()
	return text, kind, p.writing
}

// hurry waits for a full pipe only for a moment from here on.
func (p *pipe) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurried = true
	if p.file != nil {
		p.hold()
	}
}

// allow gives the next write its time.
func (p *pipe) allow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hurried {
		p.hold()
	}
}

// hold bounds what is being written.
func (p *pipe) hold() {
	// A FIFO can have a deadline; without one, a full pipe would keep Run.
	_ = p.file.SetWriteDeadline(time.Now().Add(lingerTime / 2))
}

// renew opens the pipe again if somebody has removed it: what is written to the
// old one would reach nobody.
func (p *pipe) renew(ctx context.Context) {
	if info, err := os.Lstat(p.config.Path); err == nil && os.SameFile(info, p.info) || ctx.Err() != nil {
		return
	}
	old := p.file
	if err := p.open(); err != nil {
		p.failed("", err.Error())
		p.log.Error("somebody has removed the pipe; open it again", "error", err)
		return
	}
	old.Close()
	p.failed("", "")
	p.log.Warn("somebody had removed the pipe: it is there again")
}

// read runs the program that reads the pipe, again when it ends, until ctx ends.
// reading outlasts ctx, so that it can read to the end.
func (p *pipe) read(ctx, reading context.Context) {
	for pause := retryLeast; ctx.Err() == nil; pause = min(2*pause, retryMost) {
		r, err := program.Resolve(p.config.Reader, p.policy)
		if err == nil {
			warn(p.log, "the reader of the pipe", r)
			p.failed(pipeReader, "")
			var res program.Result
			if res, err = r.Run(reading, program.Run{Args: []string{p.config.Path}, Grace: grace}); err == nil {
				err = fmt.Errorf("it has ended: %s", res)
			}
			if res.Duration > retryMost {
				pause = retryLeast
			}
		}
		if ctx.Err() != nil {
			return
		}
		p.failed(pipeReader, err.Error())
		p.log.Error("the reader of the pipe does not run", "error", err, "again_in", pause.String())
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
