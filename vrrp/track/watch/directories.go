package watch

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// changes of a directory (inotify(7)) after which a file in it may hold another
// number: it was written, made, linked, removed or moved, or its rights were
// changed; and that the directory itself went away.
const (
	fileChanges      = unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVE | unix.IN_ATTRIB
	directoryChanges = unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_UNMOUNT | unix.IN_IGNORED | unix.IN_Q_OVERFLOW
)

// directories tells of changes of files by watching the directories that they are
// in, so that a file may come and go and be replaced. A file that is a symbolic
// link is watched at every link of the way.
type directories struct {
	changed chan struct{} // holds a value after a change
	log     *slog.Logger
	events  *os.File // inotify; nil: there is none
	reader  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	names map[int32]map[string]bool
}

// newDirectories watches nothing yet.
func newDirectories(ctx context.Context, log *slog.Logger) *directories {
	d := &directories{changed: make(chan struct{}, 1), log: log, names: make(map[int32]map[string]bool)}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("changes of tracked files are looked for every second", "err", os.NewSyscallError("inotify_init1", err))
		return d
	}
	d.events = os.NewFile(uintptr(fd), "inotify")
	d.reader.Go(d.listen)
	return d
}

func (d *directories) close() {
	if d.events != nil {
		d.events.Close()
		d.reader.Wait()
	}
}

// watch takes the files to watch, and tells whether all of them are.
func (d *directories) watch(paths []string) bool {
	if d.events == nil {
		return len(paths) == 0
	}
	conn, err := d.events.SyscallConn()
	if err != nil {
		return false
	}
	all := true
	names := make(map[int32]map[string]bool)
	_ = conn.Control(func(fd uintptr) {
		for _, path := range paths {
			for _, link := range links(path) {
				dir, name := filepath.Split(link)
				wd, err := unix.InotifyAddWatch(int(fd), filepath.Clean(dir), fileChanges|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_ONLYDIR)
				if err != nil {
					all = false
					continue
				}
				if names[int32(wd)] == nil {
					names[int32(wd)] = make(map[string]bool)
				}
				names[int32(wd)][name] = true
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		for wd := range d.names {
			if names[wd] == nil {
				_, _ = unix.InotifyRmWatch(int(fd), uint32(wd)) // It may have gone by itself.
			}
		}
		d.names = maps.Clone(names)
	})
	return all
}

// maxLinks is how many symbolic links the kernel follows (path_resolution(7)).
const maxLinks = 40

// links are a path and those that it leads to as a symbolic link.
func links(path string) []string {
	all := []string{path}
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
		all = append(all, path)
	}
	// Directories on the way may be links too: what is read is at their end.
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		all = append(all, real)
	}
	return all
}

// listen reads events until the file is closed.
func (d *directories) listen() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := d.events.Read(buffer)
		if err != nil {
			return
		}
		if d.matters(buffer[:n]) {
			select {
			case d.changed <- struct{}{}:
			default: // It will be looked anyway.
			}
		}
	}
}

// matters tells whether one of the events is of a file that is watched.
func (d *directories) matters(events []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(events) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(events))
		mask := binary.NativeEndian.Uint32(events[4:])
		size := int(binary.NativeEndian.Uint32(events[12:]))
		end := min(len(events), unix.SizeofInotifyEvent+size)
		name, _, _ := bytes.Cut(events[unix.SizeofInotifyEvent:end], []byte{0})
		events = events[end:]
		if mask&directoryChanges != 0 || d.names[wd][string(name)] {
			return true
		}
	}
	return false
}
