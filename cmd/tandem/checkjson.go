package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

// checkReport is what check --json prints. Fields are added, never renamed.
type checkReport struct {
	File        string         `json:"file"`
	ConfigID    string         `json:"config_id"`
	Summary     checkSummary   `json:"summary"`
	Diagnostics []checkFinding `json:"diagnostics"`
	// Against is the comparison with the other director's file.
	Against *checkAgainst `json:"against,omitempty"`
	// Explain is who would be master, without a failure and after each one.
	Explain []checkOutcome `json:"explain,omitempty"`
}

// checkAgainst is a comparison. Usable tells whether the other file could be read:
// without that nothing is compared.
type checkAgainst struct {
	File        string         `json:"file"`
	ConfigID    string         `json:"config_id"`
	Usable      bool           `json:"usable"`
	Errors      int            `json:"errors"`
	Warnings    int            `json:"warnings"`
	Notes       int            `json:"notes"`
	Diagnostics []checkFinding `json:"diagnostics"`
}

// checkOutcome is what one failure makes of one instance. A priority of 0 is
// FAULT.
type checkOutcome struct {
	Failure       string      `json:"failure,omitempty"` // without one: as it is when all is well
	At            string      `json:"at,omitempty"`      // whose failure it is
	Instance      string      `json:"instance"`
	Before        int         `json:"priority_before"`
	Priority      int         `json:"priority"`
	OtherPriority *int        `json:"other_priority,omitempty"`
	Verdict       string      `json:"verdict"` // stays, may move, moves, lost or open
	Master        string      `json:"master,omitempty"`
	Returned      string      `json:"master_after_repair,omitempty"`
	Consequence   string      `json:"consequence"`
	Place         *checkPlace `json:"place,omitempty"`
}

// checkSummary counts.
type checkSummary struct {
	Usable    bool `json:"usable"` // tandem runs with this file
	Fatal     int  `json:"fatal"`
	Errors    int  `json:"errors"`
	Warnings  int  `json:"warnings"`
	Notes     int  `json:"notes"`
	Instances int  `json:"instances"`
	Services  int  `json:"services"`
}

// checkPlace is a place in a file; line and column count from 1, the column in
// bytes. Without them it is the file as a whole.
type checkPlace struct {
	File   string `json:"file"`
	Line   int32  `json:"line,omitempty"`
	Column int32  `json:"column,omitempty"`
}

// checkFinding is one diagnostic.
type checkFinding struct {
	checkPlace
	Severity string `json:"severity"` // fatal, error, warning or note
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Class    string `json:"class,omitempty"` // "missing argument" and the like, where keepalived has an exit status for it
	// IncludedFrom are the include statements that lead to the place, the
	// outermost first.
	IncludedFrom []checkPlace `json:"included_from,omitempty"`
	// See is another place that the message speaks of.
	See *checkPlace `json:"see,omitempty"`
}

func placeOf(p syntax.Pos) checkPlace { return checkPlace{File: p.File, Line: p.Line, Column: p.Col} }

func findingsOf(found conf.Diagnostics) []checkFinding {
	all := make([]checkFinding, 0, len(found))
	for _, d := range found {
		f := checkFinding{checkPlace: placeOf(d.Pos), Severity: d.Severity.String(), Message: d.Message, Hint: d.Hint, Class: d.Class.String()}
		for _, from := range d.Pos.Chain() {
			f.IncludedFrom = append(f.IncludedFrom, placeOf(from))
		}
		if d.See != (syntax.Pos{}) {
			see := placeOf(d.See)
			f.See = &see
		}
		all = append(all, f)
	}
	return all
}

// report is what is said of the file, and what else was asked for.
func (c *check) report(t target, other *target) checkReport {
	config := t.file.Config()
	r := checkReport{
		File: t.name, ConfigID: t.reading.Options.ConfigID,
		Summary: checkSummary{
			Usable: !t.found.Fatal(),
			Fatal:  t.found.Count(conf.Fatal), Errors: t.found.Count(conf.Error),
			Warnings: t.found.Count(conf.Warning), Notes: t.found.Count(conf.Note),
			Instances: len(config.VRRP.Instances), Services: len(config.Services),
		},
		Diagnostics: findingsOf(t.found),
	}
	if other != nil {
		all := append(other.fatal(), t.compared...)
		r.Against = &checkAgainst{
			File: other.name, ConfigID: other.reading.Options.ConfigID, Usable: !other.found.Fatal(),
			Errors: all.Count(conf.Error), Warnings: all.Count(conf.Warning), Notes: all.Count(conf.Note),
			Diagnostics: findingsOf(all),
		}
	}
	if c.explain {
		r.Explain = outcomesOf(outcomes(t, other))
	}
	return r
}

// outcomesOf are outcomes for machines.
func outcomesOf(all []conf.Outcome) []checkOutcome {
	var out []checkOutcome
	for _, o := range all {
		c := checkOutcome{
			Failure: o.Failure, Instance: o.Instance, Before: o.Before, Priority: o.Priority,
			Verdict: o.Verdict.String(), Consequence: o.Consequence(),
		}
		if o.At != conf.Nobody {
			c.At = o.At.String()
		}
		if o.Peer >= 0 {
			c.OtherPriority = &o.Peer
		}
		if o.Master != conf.Nobody {
			c.Master = o.Master.String()
		}
		if o.Returned != conf.Nobody {
			c.Returned = o.Returned.String()
		}
		if o.Pos.Line > 0 {
			place := placeOf(o.Pos)
			c.Place = &place
		}
		out = append(out, c)
	}
	return out
}

// printJSON prints a value for machines that a person can read too.
func printJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
