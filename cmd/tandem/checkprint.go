package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

// colorMode is the value of --color.
type colorMode uint8

const (
	colorAuto colorMode = iota
	colorAlways
	colorNever
)

var colorModes = [...]string{"auto", "always", "never"}

func (m colorMode) String() string { return colorModes[m] }

// Type is what the help calls the value.
func (colorMode) Type() string { return "when" }

// Set reads the flag.
func (m *colorMode) Set(text string) error {
	i := slices.Index(colorModes[:], text)
	if i < 0 {
		return fmt.Errorf("it takes %s", strings.Join(colorModes[:], ", "))
	}
	*m = colorMode(i)
	return nil
}

// printer writes diagnostics: a line each, or for a person at a terminal with
// the line of the file that they are about.
type printer struct {
	out     *bufio.Writer
	rich    bool // with source lines
	color   bool
	sources *sources
}

// newPrinter prints for whatever out is. Texts are files that are not on the
// disk.
func newPrinter(out io.Writer, mode colorMode, texts map[string][]byte) *printer {
	terminal := isTerminal(out)
	return &printer{
		out:  bufio.NewWriter(out),
		rich: terminal || mode == colorAlways,
		// See no-color.org: any value but an empty one.
		color:   mode == colorAlways || mode == colorAuto && terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		sources: newSources(texts),
	}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// style is how a terminal shows a piece of text (ECMA-48, SGR).
type style string

const (
	bold   style = "1"
	red    style = "1;31"
	yellow style = "1;33"
	cyan   style = "1;36"
	green  style = "32"
	dim    style = "2"
)

var severityStyles = [...]style{conf.Fatal: red, conf.Error: red, conf.Warning: yellow, conf.Note: cyan}

func (p *printer) paint(s style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// all prints findings and nothing else.
func (p *printer) all(found conf.Diagnostics) error {
	p.found(found)
	return p.out.Flush()
}

// found prints findings.
func (p *printer) found(found conf.Diagnostics) {
	for _, d := range found {
		if p.rich {
			p.full(d)
		} else {
			p.line(d)
		}
	}
}

// line prints a finding on a line, and below it where that place is included.
func (p *printer) line(d conf.Diagnostic) {
	fmt.Fprintln(p.out, d)
	p.places(d)
}

// places prints what leads to a finding, the nearest first.
func (p *printer) places(d conf.Diagnostic) {
	if d.See != (syntax.Pos{}) {
		fmt.Fprintf(p.out, "\tsee %s\n", d.See)
	}
	for _, from := range slices.Backward(d.Pos.Chain()) {
		fmt.Fprintf(p.out, "\tincluded from %s\n", from)
	}
}

// full prints a finding with the line that it is about.
func (p *printer) full(d conf.Diagnostic) {
	s := severityStyles[d.Severity]
	head := fmt.Sprintf("%s %s %s", p.paint(bold, d.Pos.String()+":"), p.paint(s, d.Severity.String()+":"), d.Message)
	e, ok := p.sources.excerpt(d.Pos)
	switch {
	case ok:
		fmt.Fprintln(p.out, head)
		p.excerpt(d.Pos, e, s, d.Hint)
	case d.Hint != "":
		fmt.Fprintf(p.out, "%s (%s)\n", head, p.paint(green, d.Hint))
	default:
		fmt.Fprintln(p.out, head)
	}
	if e, ok := p.sources.excerpt(d.See); ok {
		fmt.Fprintf(p.out, "\tsee %s\n", d.See)
		p.excerpt(d.See, e, cyan, "")
		d.See = syntax.Pos{}
	}
	p.places(d)
}

// hintBeside is how far right a line goes for a hint beside the mark.
const hintBeside = 100

// excerpt prints a line of a file with a mark under the word that is meant, and
// the hint beside the mark, where the eye is already, unless it is too long.
func (p *printer) excerpt(at syntax.Pos, e excerpt, s style, hint string) {
	number := fmt.Sprintf("%5d |", at.Line)
	bar := p.paint(dim, strings.Repeat(" ", len(number)-1)+"|")
	mark := e.pad + p.paint(s, "^"+strings.Repeat("~", e.width-1))
	fmt.Fprintf(p.out, "%s %s\n", p.paint(dim, number), e.text)
	switch width := len(e.pad) + e.width + utf8.RuneCountInString(hint); {
	case hint == "":
		fmt.Fprintf(p.out, "%s %s\n", bar, mark)
	case width < hintBeside:
		fmt.Fprintf(p.out, "%s %s %s\n", bar, mark, p.paint(green, hint))
	default:
		fmt.Fprintf(p.out, "%s %s\n%s %s\n", bar, mark, bar, p.paint(green, hint))
	}
}
