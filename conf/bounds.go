package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// maxFound bounds the findings of one severity. A file that is no configuration
// can be wrong in every line, and the first ones say so.
const maxFound = 1000

// forget drops what was found in the statements of the top level so far beyond
// its bound, and counts it. What is fatal stays. While a statement is read, none
// of its findings is dropped, since they tell whether it can be used.
func (l *loader) forget() {
	if len(l.found) < max(l.forgetAt, 8*maxFound) {
		return
	}
	l.shorten()
	l.forgetAt = 2 * len(l.found)
}

func (l *loader) shorten() {
	l.found.Sort()
	l.found = slices.Compact(l.found) // A line that a sequence repeats is wrong once.
	var kept [Note + 1]int
	l.found = slices.DeleteFunc(l.found, func(d Diagnostic) bool {
		if kept[d.Severity]++; d.Severity == Fatal || kept[d.Severity] <= maxFound {
			return false
		}
		l.forgotten[d.Severity]++
		return true
	})
}

// recount says how much was dropped, with a severity of its own for each, since
// a reload goes by whether there are more errors than before.
func (l *loader) recount() {
	l.shorten()
	nouns := [...]string{Error: "errors", Warning: "warnings", Note: "notes"}
	for severity, n := range l.forgotten {
		if n > 0 {
			l.report(Severity(severity), syntax.Pos{File: l.file}, "", "%d more %s are left out", n, nouns[severity])
		}
	}
}
