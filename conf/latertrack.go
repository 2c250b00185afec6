package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// laterTracks are the blocks that name what is tracked. What they name is
// looked up; the weights do nothing yet.
func laterTracks[T any]() []row[T] {
	var rows []row[T]
	for i, name := range [trackKinds]string{"track_script", "track_file", "track_process", "track_bfd"} {
		rows = append(rows, custom(name, "{ NAME ... }", func(_ *T, l *loader, s *syntax.Statement) {
			for _, e := range l.entries(s) {
				e.Refused = l.track(trackKind(i), e.Words[0]) == nil
				l.trackWeight(e)
			}
		}).later())
	}
	return rows
}
