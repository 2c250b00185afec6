package conf

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Disk are the files of this host, for include statements.
type Disk struct{}

var (
	errIrregular  = errors.New("it is no regular file")
	errExecutable = errors.New("it is executable")
)

// Glob lists the files that a pattern of the shell matches. As in the shell, *
// and ? do not match the dot that a hidden file begins with, and [!a] is
// anything but a.
func (Disk) Glob(pattern string) ([]string, error) {
	found, err := filepath.Glob(strings.ReplaceAll(pattern, "[!", "[^"))
	if err != nil {
		return nil, errors.New("its brackets are not closed")
	}
	return slices.DeleteFunc(found, func(path string) bool { return dotted(pattern, path) }), nil
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

// Read reads a file that may be included: keepalived takes only regular ones
// that are not executable.
func (Disk) Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, bare(err)
	case info.IsDir():
		return nil, errDirectory
	case !info.Mode().IsRegular():
		return nil, errIrregular
	case info.Mode()&0o111 != 0:
		return nil, errExecutable
	}
	src, err := readFile(path)
	return src, bare(err)
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
