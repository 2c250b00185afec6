package golden

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// Files are files in memory by their paths, for what a configuration includes.
// Those whose names end in .sh are executable.
type Files map[string][]byte

// FilesOf are those of an archive.
func FilesOf(archived []txtar.File) Files {
	files := make(Files)
	for _, f := range archived {
		files[f.Name] = f.Data
	}
	return files
}

var errExecutable = errors.New("it is executable")

// Glob lists what a pattern matches, sorted.
func (f Files) Glob(pattern string) ([]string, error) {
	var paths []string
	for path := range f {
		if ok, err := filepath.Match(pattern, path); err != nil {
			return nil, err
		} else if ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// Read gives a file, or fs.ErrNotExist.
func (f Files) Read(path string) ([]byte, error) {
	data, ok := f[path]
	switch {
	case !ok:
		return nil, fs.ErrNotExist
	case strings.HasSuffix(path, ".sh"):
		return nil, errExecutable
	}
	return data, nil
}
