package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// trackFile is a track_file while it is read: a file that holds a number.
type trackFile struct {
	*tracked
	path string
}

var trackFileBlock = block[trackFile]{"track_file", []row[trackFile]{
	text("file", "PATH", func(f *trackFile) *string { return &f.path }).single().later().doc("none: it must be said", "file whose number is watched"),
	trackedWeight(maxFileWeight, func(f *trackFile) *tracked { return f.tracked }).later().doc("1", "what the number is multiplied by; 0: any other number than 0 is a fault"),
	custom("init_file", "[VALUE] [overwrite]", (*trackFile).setInit).later().doc("off; 0 without a value", "the file is written with this value at the start, where there is none"),
}}

// maxFileWeight is the largest weight of a file or a process: one more than of
// others, as in keepalived.
const maxFileWeight = maxWeight + 1

// readTrackFile reads a track_file. One without a file is none.
func readTrackFile(_ *none, l *loader, s *syntax.Statement) {
	if s.Keyword() != "track_file" {
		l.oldName(s, "track_file")
	}
	t := l.define(trackedFile, s)
	if t == nil {
		s.Refused = true
		return
	}
	t.weight = 1
	l.within(s.Keyword()+" "+t.name, func() {
		f := trackFile{tracked: t}
		read(l, trackFileBlock, &f, s.Block)
		if f.path == "" {
			l.errorf(s.Pos, "write file and its path", "the block is ignored: it names no file")
			s.Refused = true
			return
		}
		l.addTracked(trackedFile, t)
	})
}

// setInit reads what the file is to hold when tandem starts.
func (f *trackFile) setInit(l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		if w.Text == "overwrite" {
			continue
		}
		if _, ok := whole(w.Text, -1<<31, 1<<31-1); !ok {
			l.invalid("init_file", w, "it takes a number and overwrite")
		}
	}
}
