package program

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may have, as in the kernel
// (MAXSYMLINKS in include/linux/namei.h).
const maxLinks = 40

// walkedPath is a path with everything that lies on it.
type walkedPath struct {
	asked   string
	file    string // without links
	info    fs.FileInfo
	parts   []part // directories and links, from / on, the file last
	threats []threat
}

// part is one file, link or directory on a path.
type part struct {
	path     string
	mode     fs.FileMode
	uid, gid uint32
	acl      bool // somebody may have more rights than the mode says
}

// walk goes along a path as the kernel does: every directory, every link and all
// on the way of its target, and the file.
func walk(asked string) (walkedPath, *Refusal) {
	w := walkedPath{asked: asked}
	at, left, links := "/", parts(asked), 0
	if err := w.add("/"); err != nil {
		return w, missing("/", err)
	}
	for len(left) > 0 {
		name := left[0]
		left = left[1:]
		if name == ".." {
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, name)
		if err := w.add(next); err != nil {
			if errors.Is(err, fs.ErrNotExist) && next != path.Clean(asked) {
				return w, refuse(NotFound, "", "there is no %s: %s does not exist", asked, next)
			}
			return w, missing(next, err)
		}
		last := w.parts[len(w.parts)-1]
		if last.mode&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return w, refuse(NotFound, "", "%s has more than %d symbolic links", asked, maxLinks)
		}
		target, err := os.Readlink(next)
		if err != nil {
			return w, missing(next, err)
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		left = append(parts(target), left...)
	}
	w.file = at
	return w, nil
}

// parts are the names of a path.
func parts(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" || s == "." })
}

// add looks at one thing on the path. What has been seen is safe or not already.
func (w *walkedPath) add(p string) error {
	info, err := os.Lstat(p)
	if err != nil {
		return err
	}
	w.info = info
	t := part{path: p, mode: info.Mode()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		t.uid, t.gid = s.Uid, s.Gid
	}
	if t.mode&fs.ModeSymlink == 0 {
		n, err := unix.Lgetxattr(p, "system.posix_acl_access", nil)
		t.acl = err == nil && n > 0
	}
	seen := slices.ContainsFunc(w.parts, func(o part) bool { return o.path == p })
	w.parts = append(w.parts, t)
	if why := t.unsafe(); why != "" && !seen {
		w.threats = append(w.threats, threat{t, why})
	}
	return nil
}

// named is the path without links in its directories. The name of the file
// stays where it leads to the same file from there: a program may ask what it is
// called.
func (w walkedPath) named() string {
	if candidate := path.Join(path.Dir(w.file), path.Base(w.asked)); candidate != w.file {
		if info, err := os.Stat(candidate); err == nil && os.SameFile(info, w.info) {
			return candidate
		}
	}
	return w.file
}

// runnable refuses what is no program, or none that the account can execute.
func (w walkedPath) runnable(a Account) *Refusal {
	for _, t := range w.parts {
		if t.mode.IsDir() && !t.executable(a) {
			return refuse(NoAccess, "chmod o+x "+t.path+", or name another user to run it as",
				"%s cannot enter %s (%s)", a.Name, t.path, t.owner())
		}
	}
	t := w.parts[len(w.parts)-1]
	switch {
	case !w.info.Mode().IsRegular():
		return refuse(NotExecutable, "", "%s is %s", w.file, kind(w.info.Mode()))
	case w.info.Mode()&0o111 == 0:
		return refuse(NotExecutable, "chmod +x "+w.file, "%s is not executable (mode %04o)", w.file, w.info.Mode().Perm())
	case !t.executable(a):
		return refuse(NoAccess, "name another user to run it as, or change its mode", "%s may not execute %s (%s)", a.Name, t.path, t.owner())
	}
	return nil
}

func kind(m fs.FileMode) string {
	if m.IsDir() {
		return "a directory, not a program"
	}
	return "no program"
}

// executable tells whether the account may execute the file or enter the
// directory. Where an access list may say so, it may.
func (t part) executable(a Account) bool {
	perm := t.mode.Perm()
	switch {
	case a.UID == 0:
		return t.mode.IsDir() || perm&0o111 != 0
	case t.acl:
		return true
	case a.UID == t.uid:
		return perm&0o100 != 0
	case a.GID == t.gid || slices.Contains(a.Groups, t.gid):
		return perm&0o010 != 0
	}
	return perm&0o001 != 0
}

// privileged tells whether running it gives somebody the rights of root: as
// root, in root's group, or with a set-user-ID bit of root's.
func (w walkedPath) privileged(a Account) bool {
	t := w.parts[len(w.parts)-1]
	return a.UID == 0 || a.GID == 0 ||
		t.uid == 0 && t.mode&fs.ModeSetuid != 0 || t.gid == 0 && t.mode&fs.ModeSetgid != 0
}

// threat is a part of a path that somebody other than root could change.
type threat struct {
	part
	why string
}

// String names the part, its owner and its mode.
func (t threat) String() string {
	return fmt.Sprintf("somebody else could change it: %s is %s (%s)", t.path, t.why, t.owner())
}

// remedy is what to do about it.
func (t threat) remedy() string {
	if t.uid != 0 {
		return "chown -h root " + t.path + ", or name the user to run it as"
	}
	return "chmod go-w " + t.path + ", or name the user to run it as"
}

// unsafe says how somebody other than root could change the part, or what lies
// in it; empty: nobody could. In a directory with the sticky bit, such as /tmp,
// nobody touches what is not theirs, and that it is root's is seen when it is
// looked at itself.
func (t part) unsafe() string {
	perm := t.mode.Perm()
	switch {
	case t.uid != 0:
		return "not root's"
	case t.mode&fs.ModeSymlink != 0, t.mode.IsDir() && t.mode&fs.ModeSticky != 0:
		return ""
	case perm&0o002 != 0:
		return "writable by everybody"
	case perm&0o020 != 0 && t.gid != 0:
		return fmt.Sprintf("writable by group %d", t.gid)
	case perm&0o020 != 0 && t.acl:
		return "writable by somebody in its access list"
	}
	return ""
}

// owner is owner and mode as a message has it.
func (t part) owner() string {
	mode := uint32(t.mode.Perm())
	if t.mode&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	return fmt.Sprintf("owner %d, group %d, mode %04o", t.uid, t.gid, mode)
}
