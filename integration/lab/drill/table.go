package drill

import (
	"fmt"
	"strings"
)

// cell is a figure and the limit beside it.
type cell struct{ value, limit string }

// column is one column of the report's table.
type column struct {
	title string
	left  bool // Text rather than figures.
	cell  func(Row) cell
}

// columns are the columns of a report on these pairs: one pair needs no name,
// and no comparison.
func columns(pairs []Pair) []column {
	all := []column{{"SCENARIO", true, func(r Row) cell { return cell{value: r.Scenario} }}}
	if len(pairs) > 1 {
		all = append(all, column{"PAIR", true, func(r Row) cell { return cell{value: r.Pair} }})
	}
	all = append(all,
		column{"RUNS", false, func(r Row) cell { return cell{value: fmt.Sprint(r.Runs)} }},
		column{"OUTAGE ms", false, func(r Row) cell { return r.limited(Outage) }},
		column{"MAX", false, func(r Row) cell { return cell{value: fmt.Sprintf("%.0f", r.OutageMax)} }},
		column{"x BOUND", false, func(r Row) cell { return cell{value: fmt.Sprintf("%.2f", r.Ratio)} }},
	)
	if len(pairs) > 1 {
		all = append(all, column{"x " + program(pairs[1].A), false, func(r Row) cell {
			if r.Against == 0 {
				return cell{value: "-"}
			}
			return cell{value: fmt.Sprintf("%.2f", r.Against)}
		}})
	}
	return append(all,
		column{"NEW", false, func(r Row) cell {
			return cell{fmt.Sprintf("%d/%d", r.NewFailed, r.NewOf), fmt.Sprintf("(%d late)", r.NewLate)}
		}},
		column{"TALKERS", false, func(r Row) cell { return r.limited(Talkers) }},
		column{"SILENT", false, func(r Row) cell { return cell{value: fmt.Sprintf("%d/%d", r.SilentSurvived, r.SilentOf)} }},
		column{"0 OWNERS", false, func(r Row) cell { return cell{value: fmt.Sprintf("%.0f", r.NoOwner)} }},
		column{"2 OWNERS", false, func(r Row) cell { return cell{value: fmt.Sprintf("%.0f", r.TwoOwners)} }},
		column{"1 AFTER", false, func(r Row) cell { return r.limited(OneOwner) }},
		column{"TABLE", false, func(r Row) cell { return r.limited(Table) }},
		column{"VERDICT", true, func(r Row) cell { return cell{value: r.verdict()} }},
	)
}

// figure returns a judged quantity in words.
func (r Row) figure(f Figure) string {
	switch f {
	case Outage:
		return fmt.Sprintf("%.0f", r.Outage)
	case OneOwner:
		if r.OneOwner == never {
			return "never"
		}
		return fmt.Sprintf("%.0f", r.OneOwner)
	case Table:
		switch s, _ := scenario(r.Scenario); {
		case s.table == nil:
			return "-"
		case r.Table == never:
			return "never"
		}
		return fmt.Sprintf("%.0f", r.Table)
	case Talkers:
		return fmt.Sprintf("%d/%d", r.TalkersSurvived, r.TalkersOf)
	}
	return ""
}

func (r Row) limited(f Figure) cell {
	c, _ := r.check(f)
	return cell{r.figure(f), c.Limit}
}

func (r Row) verdict() string {
	switch {
	case len(r.Checks) == 0:
		return "budget none"
	case r.Missed():
		return "MISSED"
	case r.noisy():
		return "OK (noise)"
	}
	return "OK"
}

// table writes rows in columns: text to the left, figures to the right with
// their limits in line after them.
func table(b *strings.Builder, cols []column, rows []Row) {
	lines := make([]strings.Builder, len(rows)+1)
	for i, c := range cols {
		var value, limit int
		cells := make([]cell, len(rows))
		for j, r := range rows {
			cells[j] = c.cell(r)
			value = max(value, len(cells[j].value))
			limit = max(limit, len(cells[j].limit))
		}
		if limit > 0 {
			limit++ // The space between.
		}
		if over := len(c.title) - value - limit; over > 0 {
			value += over
		}
		if i > 0 {
			for j := range lines {
				lines[j].WriteString("  ")
			}
		}
		if c.left || limit > 0 {
			fmt.Fprintf(&lines[0], "%-*s", value+limit, c.title)
		} else {
			fmt.Fprintf(&lines[0], "%*s", value, c.title)
		}
		for j, cell := range cells {
			if c.left {
				fmt.Fprintf(&lines[j+1], "%-*s", value, cell.value)
				continue
			}
			fmt.Fprintf(&lines[j+1], "%*s", value, cell.value)
			if limit > 0 {
				fmt.Fprintf(&lines[j+1], " %-*s", limit-1, cell.limit)
			}
		}
	}
	for i := range lines {
		b.WriteString(strings.TrimRight(lines[i].String(), " "))
		b.WriteString("\n")
	}
}
