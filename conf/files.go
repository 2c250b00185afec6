package conf

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Disk are the files of this host, for include statements.
type Disk struct{}

var (
	errIrregular  = errors.New("it is no regular file")
	errExecutable = errors.New("it is executable")
	errKernel     = errors.New("it is a file of the kernel, not of a disk")
)

// What a pattern may match and search: a wildcard before the last part of a path
// multiplies the folders to list, and one in each of many parts is the whole disk.
const (
	maxMatches   = 4096
	maxWildcards = 4
)

// Glob lists the files that a pattern of the shell matches. As in the shell, *
// and ? do not match the dot that a hidden file begins with, and [!a] is
// anything but a.
func (Disk) Glob(pattern string) ([]string, error) {
	wild := 0
	for part := range strings.SplitSeq(pattern, "/") {
		if strings.ContainsAny(part, "*?[") {
			wild++
		}
	}
	if wild > maxWildcards {
		return nil, fmt.Errorf("its pattern matches too many files: more than %d parts of the path hold wildcards", maxWildcards)
	}
	found, err := filepath.Glob(strings.ReplaceAll(pattern, "[!", "[^"))
	if err != nil {
		return nil, errors.New("its brackets are not closed")
	}
	found = slices.DeleteFunc(found, func(path string) bool { return dotted(pattern, path) })
	if len(found) > maxMatches {
		return nil, fmt.Errorf("its pattern matches too many files: %d", len(found))
	}
	return found, nil
}

// dotted tells whether the pattern does not name the dot that a part of the path
// begins with.
func dotted(pattern, path string) bool {
	patterns := strings.Split(filepath.Clean(pattern), "/")
	for i, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, ".") && i < len(patterns) && !strings.HasPrefix(patterns[i], ".") {
			return true
		}
	}
	return false
}

// Read reads a file that may be included. It is judged twice: before it is
// opened, which a device may take for an order, and when it is open, since nobody
// can exchange it for another then. To open it waits for nothing.
func (Disk) Read(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, bare(err)
	} else if err := includable(info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if err := includable(info); err != nil {
		return nil, err
	}
	if ofKernel(f) {
		return nil, errKernel
	}
	src, err := readAll(f, info.Size())
	return src, bare(err)
}

// includable tells why a file must not be included: keepalived takes only regular
// ones that are not executable.
func includable(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errDirectory
	case !info.Mode().IsRegular():
		return errIrregular
	case info.Mode()&0o111 != 0:
		return errExecutable
	}
	return nil
}

// ofKernel tells whether a file is the kernel's own, which looks like any other
// and may have no end, or wait for its next line, as /proc/kmsg does.
func ofKernel(f *os.File) bool {
	var on unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &on); err != nil {
		return false
	}
	switch on.Type {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC:
		return true
	}
	return false
}

// bare is an error without the path and the operation, which messages say
// themselves.
func bare(err error) error {
	var at *fs.PathError
	switch {
	case errors.As(err, &at):
		return at.Err
	case err != nil && errors.Unwrap(err) != nil:
		return errors.Unwrap(err)
	}
	return err
}

// languageOf are the options of the text that those of the load mean.
func languageOf(o Options) syntax.Options {
	seed := fnv.New64a()
	seed.Write([]byte(o.ConfigID))
	dir, err := os.Getwd()
	if err != nil { // it is gone: relative paths stay as they are
		dir = ""
	}
	return syntax.Options{
		ConfigID: o.ConfigID, Instance: o.ConfigID, Seed: seed.Sum64(),
		Env: os.LookupEnv, Dir: dir, Files: o.Files,
	}
}
