package conf

import (
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// trackFile is a track_file while it is read: a file that holds a number.
type trackFile struct {
	*tracked
	track.File
}

var trackFileBlock = block[trackFile]{"track_file", []row[trackFile]{
	text("file", "PATH", func(f *trackFile) *string { return &f.Path }).single().doc("none: it must be said", "file whose number is watched"),
	trackedWeight(maxFileWeight, func(f *trackFile) *tracked { return f.tracked }).doc("", "what the number is multiplied by; 0: any other number than 0 is a fault"),
	custom("init_file", "[VALUE] [overwrite]", (*trackFile).setInit).shown((*trackFile).showInit).
		doc("off; 0 without a value", "the file is written with this value at the start, where there is none"),
}}

// maxFileWeight is the largest weight of a file or a process: one more than of
// others, as in keepalived.
const maxFileWeight = maxWeight + 1

// newTrackFile is a track_file with nothing in it.
func newTrackFile(t *tracked) *trackFile {
	t.weight = 1
	return &trackFile{t, track.File{Name: t.name}}
}

// readTrackFile reads a track_file. One without a file is none.
func readTrackFile(_ *none, l *loader, s *syntax.Statement) {
	if s.Keyword() != "track_file" {
		l.oldName(s, "track_file")
	}
	t := l.define(trackedFile, s)
	if t == nil {
		return
	}
	l.within(s.Keyword()+" "+t.name, func() {
		f := newTrackFile(t)
		t.met = read(l, trackFileBlock, f, s.Block)
		if f.Path == "" {
			l.errorf(s.Pos, "write file and its path", "the block is ignored: it names no file")
			return
		}
		l.addTracked(trackedFile, t)
		l.trackFiles = append(l.trackFiles, f)
	})
}

// node is the file as the effective configuration shows it.
func (f *trackFile) node() Node { return f.tracked.node("track_file", trackFileBlock.show(f, f.met)) }

// setInit reads what the file is to hold when tandem starts.
func (f *trackFile) setInit(l *loader, s *syntax.Statement) {
	value, overwrite := 0, false
	for _, w := range s.Args() {
		if w.Text == "overwrite" {
			overwrite = true
			continue
		}
		n, ok := whole(w.Text, -1<<31, 1<<31-1)
		if !ok {
			l.invalid("init_file", w, "it takes a number and overwrite")
			return
		}
		value = n
	}
	f.Init, f.Overwrite = &value, overwrite
}

func (f *trackFile) showInit() []Node {
	switch {
	case f.Init == nil:
		return nil
	case f.Overwrite:
		return statement("init_file", *f.Init, "overwrite")
	}
	return statement("init_file", *f.Init)
}
