package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

const (
	// lookAgain is how often files are read where inotify tells of changes: it
	// does not of those that another host makes.
	lookAgain = 10 * time.Second
	// pollFiles is how often where it does not.
	pollFiles = time.Second
	// settle is when a file that somebody empties to write it is read again, and
	// patience how often.
	settle   = 50 * time.Millisecond
	patience = 4
)

// files watches files that hold numbers. Events say only "look again".
type files struct {
	log     *slog.Logger
	publish func(vrrp.Item, vrrp.ItemState)
	wish    wish[[]track.File]

	started bool // the first wish has been taken
	all     []*numbered
}

// numbered is one file with what is known of it.
type numbered struct {
	track.File
	value int
	odd   track.Oddity
	told  *vrrp.ItemState
	empty int // times in a row that it was found empty after it was not
}

func newFiles(log *slog.Logger, publish func(vrrp.Item, vrrp.ItemState)) *files {
	return &files{log: log, publish: publish, wish: newWish[[]track.File]()}
}

// run reads the files until the context ends.
func (f *files) run(ctx context.Context) {
	dirs := newDirectories(ctx, f.log)
	defer dirs.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wish.poke:
			if w, ok := f.wish.take(); ok {
				f.set(w)
			}
		case <-dirs.changed:
		case <-timer.C:
		}
		if len(f.all) == 0 {
			dirs.watch(nil)
			timer.Stop()
			continue
		}
		// Watched first and read then, so that no change falls between.
		next := pollFiles
		if dirs.watch(f.paths()) {
			next = lookAgain
		}
		if f.read() {
			next = settle
		}
		timer.Reset(next)
	}
}

func (f *files) paths() []string {
	paths := make([]string, len(f.all))
	for i, n := range f.all {
		paths[i] = n.Path
	}
	return paths
}

// set brings the files in line with a wish, and writes those that are to be.
func (f *files) set(wish []track.File) {
	old := make(map[string]*numbered, len(f.all))
	for _, n := range f.all {
		old[n.Name] = n
	}
	f.all = make([]*numbered, len(wish))
	for i, c := range wish {
		n := old[c.Name]
		if n == nil || n.Path != c.Path {
			n = &numbered{odd: track.Fine}
			// As in keepalived a reload overwrites nothing.
			if err := initialise(c, c.Overwrite && !f.started); err != nil {
				f.log.Error("initialise a tracked file", "file", c.Name, "path", c.Path, "err", err)
			}
		}
		n.File = c
		f.all[i] = n
	}
	f.started = true
}

// initialise writes the number that a file begins with (keyword init_file).
func initialise(c track.File, overwrite bool) error {
	if c.Init == nil {
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | unix.O_NOFOLLOW | unix.O_NONBLOCK
	if overwrite {
		if info, err := os.Stat(c.Path); err == nil && !info.Mode().IsRegular() {
			return errors.New("it is no regular file")
		}
		flags |= os.O_TRUNC
	} else {
		flags |= os.O_EXCL
	}
	file, err := os.OpenFile(c.Path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d\n", *c.Init)
	return errors.Join(err, file.Close())
}

// read reads every file, and tells whether one is to be read again in a moment.
func (f *files) read() (soon bool) {
	for _, n := range f.all {
		value, odd, why := readNumber(n.Path)
		if odd == track.Empty && n.told != nil && n.odd != track.Empty && n.empty < patience {
			n.empty++
			soon = true // Somebody who writes it has emptied it first.
			continue
		}
		n.empty = 0
		if odd == track.OutOfRange {
			value = n.value
		}
		if odd != n.odd {
			f.note(n, odd, value, why)
		}
		n.value, n.odd = value, odd
		st := vrrp.ItemState{Up: value == 0, Value: value, Detail: describe(value, odd)}
		if n.told == nil || *n.told != st {
			if n.told == nil || n.told.Value != value {
				f.log.Info("tracked file", "file", n.Name, "path", n.Path, "value", value)
			}
			n.told = &st
			f.publish(vrrp.Item{Kind: vrrp.File, Name: n.Name}, st)
		}
	}
	return soon
}

// note logs what is wrong with a file, once as long as it is.
func (f *files) note(n *numbered, odd track.Oddity, value int, why error) {
	if odd == track.Fine {
		return
	}
	attrs := []any{"file", n.Name, "path", n.Path, "is", odd.String(), "counts_as", value}
	if why != nil {
		attrs = append(attrs, "err", why)
	}
	f.log.Warn("a tracked file holds no number", attrs...)
}

// describe says what a file holds.
func describe(value int, odd track.Oddity) string {
	if odd == track.Fine {
		return fmt.Sprintf("it holds %d", value)
	}
	return fmt.Sprintf("it is %s and counts as %d", odd, value)
}

// readNumber reads the number of a file. It waits for nobody: what is no regular
// file may never answer.
func readNumber(path string) (int, track.Oddity, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return 0, track.Missing, nil
	case err != nil:
		return 0, track.Unreadable, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("it is no regular file but %s", info.Mode().Type())
	}
	if err != nil {
		return 0, track.Unreadable, err
	}
	text := make([]byte, track.MaxFile)
	n, err := io.ReadFull(file, text)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0, track.Unreadable, err
	}
	value, odd := track.Number(string(text[:n]))
	return value, odd, nil
}
