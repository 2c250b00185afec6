package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tandem-ha/tandem/conf"
)

// outcomes are what comes of every single failure: of two directors who is
// master then, of one what it is left with.
func outcomes(t target, other *target) []conf.Outcome {
	if both(other) {
		return conf.Simulate(t.file, other.file)
	}
	return t.file.Explain()
}

// both tells whether there are two directors to tell of.
func both(other *target) bool { return other != nil && !other.found.Fatal() }

// outcomes prints the table of what fails, and below it what may surprise;
// paired tells whether the outcomes are of two directors.
func (p *printer) outcomes(all []conf.Outcome, paired bool) {
	if len(all) == 0 {
		return
	}
	rows := [][]string{{"WHAT FAILS", "INSTANCE", "PRIORITY", "OTHER", "THEN"}}
	for _, o := range all {
		rows = append(rows, []string{failure(o, paired), o.Instance, change(o), peer(o), then(o)})
	}
	fmt.Fprintln(p.out)
	table(rows, func(line int, text string) {
		s := style("")
		switch {
		case line == 0:
			s = bold
		case all[line-1].Verdict == conf.Lost:
			s = red
		case remark(all[line-1]) != "":
			s = yellow
		}
		if s != "" {
			text = p.paint(s, text)
		}
		fmt.Fprintln(p.out, text)
	})
	if all := remarks(all); len(all) > 0 {
		fmt.Fprintln(p.out)
		for _, text := range all {
			fmt.Fprintln(p.out, text)
		}
	}
	if !paired {
		fmt.Fprintln(p.out, "\nWho takes over is known with the other director's file: --against FILE")
	}
}

// failure is what fails, and of two directors where.
func failure(o conf.Outcome, paired bool) string {
	switch {
	case o.Failure == "":
		return "nothing"
	case paired:
		return o.Failure + ", at " + o.At.String()
	}
	return o.Failure
}

// then is what comes of it.
func then(o conf.Outcome) string {
	if o.Failure == "" && o.Master == conf.Nobody && o.Verdict == conf.Stays {
		return "as it is configured"
	}
	return o.Consequence()
}

// change is what becomes of the priority.
func change(o conf.Outcome) string {
	if o.Before == o.Priority {
		return priority(o.Priority)
	}
	return priority(o.Before) + " -> " + priority(o.Priority)
}

func peer(o conf.Outcome) string {
	if o.Peer < 0 {
		return "-"
	}
	return priority(o.Peer)
}

func priority(n int) string {
	if n == 0 {
		return "FAULT"
	}
	return strconv.Itoa(n)
}

// remarks are what may surprise, each once.
func remarks(outcomes []conf.Outcome) (all []string) {
	for _, o := range outcomes {
		if text := remark(o); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// remark says what may surprise in an outcome; empty: nothing.
func remark(o conf.Outcome) string {
	switch {
	case o.Verdict == conf.Lost && o.Failure != "":
		return o.Failure + " at " + o.At.String() + ": nobody is master of " + o.Instance
	case o.Verdict == conf.Stays && o.Failure != "" && o.Master == o.At && o.Priority != 0 && o.Peer >= 0:
		return fmt.Sprintf("%s at %s: %s stays where it is: %d is not below the other's %d, or nopreempt keeps the other one from taking over",
			o.Failure, o.At, o.Instance, o.Priority, o.Peer)
	case o.Verdict == conf.Open && o.Failure == "":
		return o.Instance + ": nothing in the files prefers a director; the one with the higher address wins where both start at once"
	}
	return ""
}

// table lays cells out in columns. A column whose cells are all "-" is left out.
func table(rows [][]string, line func(n int, text string)) {
	widths := make([]int, len(rows[0]))
	used := make([]bool, len(rows[0]))
	for n, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			used[i] = used[i] || n > 0 && cell != "-"
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if used[i] {
				b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		line(n, strings.TrimRight(b.String(), " "))
	}
}
