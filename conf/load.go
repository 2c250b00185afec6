// Package conf reads keepalived.conf, and the same grammar with tandem's own
// keywords, into the domains' configuration structs. It works in three layers:
// conf/syntax makes a tree of words, the tables here give the words a meaning,
// and each block is judged as a whole at its end. Every finding is a
// Diagnostic with a position, and nothing but what could do harm is Fatal: nine
// of ten keepalived.conf files in use hold errors, and run.
package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// maxSize bounds what is read of a file. The largest file in use is a few
// megabytes; a device given by mistake has no end.
const maxSize = 32 << 20

// Options say how a file is read. The zero value reads it by itself: without
// includes, and knowing nothing of a host.
type Options struct {
	// ConfigID is what @ID conditions compare with. It is also ${_INSTANCE},
	// and begins ${_RANDOM}: a reload gives the same numbers, another host others.
	ConfigID string
	// Files is where includes come from; nil: they are errors.
	Files syntax.Files
	// Host is what templates are filled with; nil: a template is an error.
	Host *Host
}

// File is a file that has been read: what it means, and what it says.
type File struct {
	config Config
	loader *loader
}

// Config is what the file means. It is zero where the file is refused.
func (f *File) Config() Config { return f.config }

// Read reads the file at path; it may be a pipe. What is wrong with the file,
// a missing one included, is in the diagnostics; where they are Fatal the File
// is empty.
func Read(path string, o Options) (*File, Diagnostics) {
	src, err := readFile(path)
	if err != nil {
		return unreadable(path, err)
	}
	return ReadText(path, src, o)
}

// ReadFrom reads what r gives as Read does, up to the size that a file may have;
// name stands for the file in positions.
func ReadFrom(name string, r io.Reader, o Options) (*File, Diagnostics) {
	src, err := readAll(r, 0)
	if err != nil {
		return unreadable(name, err)
	}
	return ReadText(name, src, o)
}

// unreadable is what is left of a file without its text.
func unreadable(name string, err error) (*File, Diagnostics) {
	return &File{}, Diagnostics{{
		Pos:      syntax.Pos{File: name},
		Severity: Fatal,
		Message:  err.Error(),
		Hint:     readHint(err),
	}}
}

// Load is Read for a caller that runs the file and does not show it.
func Load(path string, o Options) (Config, Diagnostics) {
	f, found := Read(path, o)
	return f.config, found
}

// Parse is Load for a text; name stands for the file in positions.
func Parse(name string, src []byte) (Config, Diagnostics) {
	f, found := ReadText(name, src, Options{})
	return f.config, found
}

var (
	errDirectory = errors.New("it is a directory")
	errTooLarge  = fmt.Errorf("it is larger than %d MB", maxSize>>20)
)

// readFile reads a whole file of bounded size.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, readError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, readError(err)
	}
	if info.IsDir() {
		return nil, readError(errDirectory)
	}
	return readAll(f, info.Size()) // The size of a pipe is 0.
}

// readAll reads up to the largest size that a file may have; size is what is
// expected.
func readAll(r io.Reader, size int64) ([]byte, error) {
	var src bytes.Buffer
	src.Grow(int(min(size, maxSize)) + bytes.MinRead)
	if _, err := src.ReadFrom(io.LimitReader(r, maxSize+1)); err != nil {
		return nil, readError(err)
	}
	if src.Len() > maxSize {
		return nil, readError(errTooLarge)
	}
	return src.Bytes(), nil
}

// readError drops the path, which the position names already.
func readError(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("read the configuration: %w", err)
}

// readHint says what an operator can do about a file that cannot be read.
func readHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "name the file with -f"
	case errors.Is(err, errDirectory):
		return "name the file within it with -f"
	case errors.Is(err, fs.ErrPermission):
		return "run as root, or give this user the right to read it"
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV), errors.Is(err, errTooLarge):
		return "is it the right file?"
	}
	return ""
}

// ReadText reads src as Read does; name stands for the file in positions.
func ReadText(name string, src []byte, o Options) (*File, Diagnostics) {
	language := languageOf(o)
	each := func(take func(*syntax.Statement)) []syntax.Problem {
		return syntax.Each(name, src, language, take)
	}
	read := func(from globals) (*loader, []syntax.Problem) {
		l := &loader{file: name, options: o, reporter: reporter{words: sync.OnceValue(newVocabulary)}, global: from}
		l.filler.again = func(take func(*syntax.Statement)) { each(take) }
		return l, each(func(s *syntax.Statement) {
			readMore(l, rootBlock, &none{}, []*syntax.Statement{s}, &l.root)
			l.forget()
		})
	}
	l, problems := read(defaultGlobals)
	if l.global.late {
		from := defaultGlobals
		from.defaults = l.global.defaults
		l, problems = read(from)
	}
	said := l.found
	l.found = nil
	for _, p := range problems {
		l.problem(p)
	}
	f := &File{}
	// What a file lacks whose text is fatal already is not worth saying.
	if !l.found.Fatal() {
		l.found = append(l.found, said...)
		if len(bytes.TrimSpace(src)) == 0 {
			l.warnf(syntax.Pos{File: name}, "", "the file is empty")
		}
		f = &File{config: l.finish(), loader: l}
	}
	l.filler.again = nil // and the text with it
	if !l.found.Fatal() {
		l.recount()
	}
	l.found.Sort()
	l.found = slices.Compact(l.found) // A line that a sequence repeats is wrong once.
	if l.found.Fatal() {
		f = &File{}
	}
	return f, l.found
}
