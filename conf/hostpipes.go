package conf

import "io/fs"

// pipes says which named pipes would not be written: what is at the path is
// something else, and a director neither removes it nor follows a link.
func (g ground) pipes(r *reporter, f *File) {
	if g.host.Lstat == nil {
		return
	}
	r.within("global_defs", func() {
		for i := range f.loader.global.scripts.pipes {
			p := &f.loader.global.scripts.pipes[i]
			if p.Path == "" {
				continue
			}
			info, err := g.host.Lstat(p.Path)
			if err != nil || info.Mode()&fs.ModeNamedPipe != 0 {
				continue // A pipe that is missing is made.
			}
			r.errorf(p.pos, "remove it, or name another path", "%snotify_fifo %s is no named pipe on this host but %s: nothing is written to it", pipeKinds[i], p.Path, kindOfFile(info.Mode()))
		}
	})
}

func kindOfFile(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a directory"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "something else"
}
