package main

import (
	"bytes"
	"io"
	"slices"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
	"github.com/tandem-ha/tandem/conf"
)

// target is a file that is checked.
type target struct {
	name     string // as it was given
	reading  director.Reading
	text     []byte // of standard input; nil: it is on the disk
	file     *conf.File
	found    conf.Diagnostics
	compared conf.Diagnostics // with the other director's file
}

// stdinName stands for standard input in positions. No file is called so.
const stdinName = "<stdin>"

// readTarget reads a file as this host would run it.
func readTarget(stdin io.Reader, name, configID string) target {
	t := target{name: name, reading: director.NewReading(configID)}
	t.read(stdin)
	t.found = t.reading.Judge(t.file, t.found)
	return t
}

// readOther reads the file of the other director. What it is to be judged by is
// the other host, so that this one says nothing of it.
func (t target) readOther(stdin io.Reader, name, configID string) target {
	other := target{name: name, reading: t.reading}
	other.reading.Options.ConfigID = configID
	other.read(stdin)
	return other
}

// read reads the file, or standard input, of which it keeps the text.
func (t *target) read(stdin io.Reader) {
	if t.name != "-" {
		t.file, t.found = conf.Read(t.name, t.reading.Options)
		return
	}
	t.name = stdinName
	var text bytes.Buffer
	t.file, t.found = conf.ReadFrom(t.name, io.TeeReader(stdin, &text), t.reading.Options)
	t.text = text.Bytes()
}

// fatal is what the file is refused for.
func (t target) fatal() conf.Diagnostics {
	return slices.DeleteFunc(slices.Clone(t.found), func(d conf.Diagnostic) bool { return d.Severity != conf.Fatal })
}

// texts are the files that cannot be read a second time.
func texts(t target, other *target) map[string][]byte {
	switch {
	case t.text != nil:
		return map[string][]byte{t.name: t.text}
	case other != nil && other.text != nil:
		return map[string][]byte{other.name: other.text}
	}
	return nil
}
