package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// Report is everything a drill measured, for people by Write and for programs
// as JSON.
type Report struct {
	Started time.Time `json:"started"`
	Kernel  string    `json:"kernel"`
	Boot    Millis    `json:"boot_ms,omitempty"` // Of the test kernel; 0: none was needed.
	Took    Millis    `json:"took_ms"`           // The drill, without the boot.
	Mode    string    `json:"mode"`
	Pairs   []Pair    `json:"pairs"`
	Bounds  Bounds    `json:"bounds"`
	Samples []Sample  `json:"samples"`
}

// WriteJSON writes the report with every sample.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Rows reduces the samples to a row for each scenario and pair, in the order of
// the drill, and judges those of the first pair. The first other pair of one
// program on both sides is what outages are compared with.
func (r *Report) Rows(countsOnly bool) []Row {
	var rows []Row
	for _, s := range Scenarios() {
		against := Millis(0)
		first := len(rows)
		for i, pair := range r.Pairs {
			samples := r.samples(s.Name, pair.Name)
			if len(samples) == 0 {
				continue
			}
			row := reduce(samples, r.Bounds)
			row.Checks = s.Budget.judge(row, r.Bounds, countsOnly, r.floor(pair.Name))
			row.Judged = i == 0
			if i == 1 {
				against = row.Outage
			}
			rows = append(rows, row)
		}
		for i := range rows[first:] {
			if row := &rows[first+i]; against > 0 {
				row.Against = float64(row.Outage / against)
			}
		}
	}
	return rows
}

// Missed returns the budgets that the judged pair missed, in words.
func Missed(rows []Row) []string {
	var missed []string
	for _, r := range rows {
		for _, c := range r.Checks {
			if r.Judged && !c.OK {
				missed = append(missed, fmt.Sprintf("%s: %s %s, wanted %s", r.Scenario, c.Figure, r.figure(c.Figure), c.Limit))
			}
		}
	}
	return missed
}

// floor returns the outage that was measured while nothing happened to a pair;
// 0: that was not drilled.
func (r *Report) floor(pair string) Millis {
	var outages []Millis
	for _, s := range r.samples("steady", pair) {
		outages = append(outages, s.Outage)
	}
	return traffic.Median(outages)
}

func (r *Report) samples(scenario, pair string) []Sample {
	var found []Sample
	for _, s := range r.Samples {
		if s.Scenario == scenario && s.Pair == pair {
			found = append(found, s)
		}
	}
	return found
}

// Write writes the report as plain text: what was drilled, a table with a line
// for each row, what else is to be known, and the verdict.
func (r *Report) Write(w io.Writer, countsOnly bool) error {
	rows := r.Rows(countsOnly)
	var b strings.Builder
	r.head(&b)
	b.WriteString("\n")
	table(&b, columns(r.Pairs), rows)
	b.WriteString("\n")
	for _, row := range rows {
		for _, remark := range row.Remarks {
			fmt.Fprintf(&b, "%s, %s, %s\n", row.Scenario, row.Pair, remark)
		}
	}
	b.WriteString(legend)
	r.verdict(&b, rows)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) head(b *strings.Builder) {
	fmt.Fprintf(b, "failover drill: %s, VRRPv3, advert_int %.0f ms; the bound is %.0f ms (3 x advert_int + skew %.0f ms)\n",
		r.Mode, r.Bounds.Advert, r.Bounds.MasterDown, r.Bounds.Skew)
	fmt.Fprintf(b, "%s", r.Kernel)
	if r.Boot > 0 {
		fmt.Fprintf(b, ", a test kernel booted in %.1f s", r.Boot/1000)
	}
	fmt.Fprintf(b, "; the drill took %.0f s\n", r.Took/1000)
	if lowest := r.pace(); lowest < 1 {
		fmt.Fprintf(b, "the machine kept the pace of the load to %.0f %% in the worst run: the lower, the less the times mean\n", 100*lowest)
	}
	for _, p := range r.Pairs {
		fmt.Fprintf(b, "%s\n  a: %s\n  b: %s\n", p.Name, p.A, p.B)
	}
}

// pace returns the lowest pace of all runs.
func (r *Report) pace() float64 {
	lowest := 1.0
	for _, s := range r.Samples {
		lowest = min(lowest, s.Pace)
	}
	return lowest
}

func (r *Report) verdict(b *strings.Builder, rows []Row) {
	met := 0
	for _, row := range rows {
		if row.Judged {
			met += len(row.Checks)
		}
	}
	missed := Missed(rows)
	for _, m := range missed {
		fmt.Fprintf(b, "MISSED %s\n", m)
	}
	fmt.Fprintf(b, "verdict: %s met %d of %d budgets\n", r.Pairs[0].Name, met-len(missed), met)
}

const legend = `outage: longest time without an answer to a probe through the VIP, median and max of the runs; x bound: ratio of the median
new: failed/all new connections (late: answered after more than 500 ms); talkers, silent: alive/all, of all runs
owners: ms for which no host or two hosts answered ARP for the VIP, and from when on (ms after the event) only the last one did
table: ms until the master's IPVS table showed what had happened to the real server
verdicts go by medians; OK (noise): over its limit by no more than the outage of steady, when nothing happens
`
