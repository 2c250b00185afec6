package conf

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Reference writes the reference of the keywords in Markdown: KEYWORDS.md. It is
// made of the tables that read a file, and so cannot say anything else than they
// do.
func Reference(w io.Writer) error {
	out := bufio.NewWriter(w)
	all := chapters()
	fmt.Fprint(out, referenceHead)
	fmt.Fprintf(out, "%s\n\n", countAll(all))
	for _, c := range all {
		fmt.Fprintf(out, "- [%s](#%s)\n", c.heading, anchor(c.heading))
	}
	for _, l := range lineOptions() {
		fmt.Fprintf(out, "- [%s](#%s)\n", l.heading, anchor(l.heading))
	}
	for _, c := range all {
		c.write(out)
	}
	for _, l := range lineOptions() {
		l.write(out)
	}
	return out.Flush()
}

const referenceHead = `# The keywords

Every keyword that tandem reads, by the block that it stands in. This file is
made of the tables in this folder by ` + "`make docs`" + `, and a test fails where it
is stale. How the text itself is read (include, conditions, variables, sequences)
is in [README.md](README.md).

| status | means |
|---|---|
| full | does what keepalived does with it |
| departs | does something else on purpose: the reason is given |
| accepted | checked and kept, but nothing here hangs on it: the reason is given |
| not yet | checked and kept, without effect so far; tandem check says so once for each |
| gone | without effect in keepalived too |
| tandem's own | keepalived does not know it |

` + "`N..M`" + ` is a range, ` + "`[X]`" + ` may be left out, ` + "`...`" + ` may be repeated, and BOOL is on, true, yes, off,
false or no; nothing is on.

`

// chapter is one block in the reference.
type chapter struct {
	heading string
	table   table
	in      []string // the blocks around, outermost first
	effects effects  // of the block as a whole
	why     string
	shown   map[string]string // the defaults that the empty block shows
}

// chapters are all blocks, each before those that stand in it.
func chapters() []chapter {
	var all []chapter
	titles := make(map[string]int)
	defaults := shownDefaults()
	var walk func(c chapter)
	walk = func(c chapter) {
		for _, o := range all {
			if o.table.title() == c.table.title() && slices.Equal(o.in, c.in) {
				return
			}
		}
		if c.effects == applied {
			c.shown = defaults[c.table.title()]
		}
		all = append(all, c)
		titles[c.table.title()]++
		for _, k := range c.table.keywords() {
			inner := blockFor(k)
			if inner == nil {
				continue
			}
			effects, why := c.status(k)
			if effects == departs {
				effects, why = applied, ""
			}
			walk(chapter{table: inner, in: append(slices.Clip(c.in), c.table.title()), effects: effects, why: why})
		}
	}
	walk(chapter{table: rootBlock})
	for i, c := range all {
		all[i].heading = c.table.title()
		if titles[c.table.title()] > 1 {
			all[i].heading += " in " + c.in[len(c.in)-1]
		}
	}
	return all
}

// blockFor is the table of a keyword's block; nil: it has none, or values.
func blockFor(k keyword) table {
	if k.inner != nil {
		return k.inner
	}
	if !strings.HasSuffix(k.args, "{ }") && k.args != "[{ }]" {
		return nil
	}
	for _, t := range tables() {
		if t.title() == k.name {
			return t
		}
	}
	return nil
}

// status is what becomes of a keyword: in a block without effect it has none.
func (c chapter) status(k keyword) (effects, string) {
	if c.effects != applied && (k.effects == applied || k.effects == departs) {
		return c.effects, ""
	}
	return k.effects, k.why
}

// write writes the table of one block.
func (c chapter) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n", c.heading)
	if len(c.in) > 1 {
		fmt.Fprintf(w, "In %s.", strings.Join(c.in[1:], ", in "))
		if c.effects == applied {
			fmt.Fprint(w, "\n\n")
		} else {
			fmt.Fprint(w, " ")
		}
	}
	if c.effects != applied {
		fmt.Fprintf(w, "The block as a whole: %s.\n\n", statusText(keyword{effects: c.effects, why: c.why}))
	}
	fmt.Fprint(w, "| keyword | arguments | default | what it does | status |\n|---|---|---|---|---|\n")
	for _, k := range c.table.keywords() {
		name := "`" + k.name + "`"
		if inner := blockFor(k); inner != nil {
			name = "[" + name + "](#" + anchor(headingOf(c, inner)) + ")"
		}
		said := k
		said.effects, said.why = c.status(k)
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", name, code(k.args), standing(c.defaultOf(k)), cell(meaning(k)), cell(statusText(said)))
	}
}

// headingOf is the heading of a block that stands in the chapter.
func headingOf(c chapter, inner table) string {
	titles := 0
	for _, t := range tables() {
		if t.title() == inner.title() {
			titles++
		}
	}
	if titles > 1 {
		return inner.title() + " in " + c.table.title()
	}
	return inner.title()
}

// defaultOf is the value that a keyword has where the file does not say it.
func (c chapter) defaultOf(k keyword) string {
	switch {
	case k.def != "":
		return k.def
	case c.shown[k.name] != "":
		return c.shown[k.name]
	case k.args == "" && k.effects != gone && k.alias == "":
		return "off"
	}
	return ""
}

// meaning is what the keyword does.
func meaning(k keyword) string {
	switch {
	case k.alias != "" && k.effect == "":
		return "another name of " + k.alias
	case k.alias != "" && !strings.Contains(k.effect, k.alias):
		return k.effect + " (another name of " + k.alias + ")"
	}
	return k.effect
}

// statusText is the last column.
func statusText(k keyword) string {
	name := map[effects]string{applied: "full", departs: "departs", unbuilt: "not yet", inert: "accepted", gone: "gone"}[k.effects]
	if k.ours {
		name = "tandem's own"
	}
	if k.why != "" {
		name += ": " + k.why
	}
	return name
}

// countAll is the line of totals. What keepalived knows is counted once in each
// block that it may stand in.
func countAll(all []chapter) string {
	var n [gone + 1]int
	total, ours := 0, 0
	for _, c := range all {
		for _, k := range c.table.keywords() {
			if k.ours {
				ours++
				continue
			}
			e, _ := c.status(k)
			n[e]++
			total++
		}
	}
	return fmt.Sprintf("Of keepalived's keywords, each counted in every block that may hold it, %d in all: %d in full, %d depart, %d are accepted "+
		"without effect, %d are not supported yet, %d are gone. %d are tandem's own.",
		total, n[applied], n[departs], n[inert], n[unbuilt], n[gone], ours)
}

// anchor is how a heading is linked to.
func anchor(heading string) string {
	return strings.ToLower(strings.ReplaceAll(strings.NewReplacer(",", "", "(", "", ")", "").Replace(heading), " ", "-"))
}

// standing is a default: what a file could say stands out from words about it.
func standing(def string) string {
	if strings.Contains(def, " ") && strings.ContainsFunc(def, unicode.IsLower) || def == "none" {
		return cell(def)
	}
	return code(def)
}

// code is a text as it stands in a file, for a cell.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// cell keeps a text within its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
