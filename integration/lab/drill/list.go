package drill

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// list writes the scenarios, what each does, and its budget at the drill's
// standard timers.
func list(w io.Writer) error {
	plan := lab.NewPlan(lab.DR, vips(false))
	b := bounds(plan, configOptions(Options{AdvertInt: 200 * time.Millisecond}, plan, false))
	for _, s := range Scenarios() {
		if _, err := fmt.Fprintf(w, "%-20s %s\n%-20s %s\n", s.Name, s.Does, "", s.Budget.words(b)); err != nil {
			return err
		}
	}
	for name, members := range groups() {
		if _, err := fmt.Fprintf(w, "%-20s both of %s\n", name, strings.Join(slices.Sorted(slices.Values(members)), ", ")); err != nil {
			return err
		}
	}
	return nil
}

// words returns the budget as a sentence.
func (b Budget) words(at Bounds) string {
	var parts []string
	add := func(what string, limit func(Bounds) Millis) {
		if limit != nil {
			parts = append(parts, fmt.Sprintf("%s at most %.0f ms", what, limit(at)))
		}
	}
	add("outage", b.Outage)
	add("one owner again after", b.OneOwner)
	add("out of the table after", b.Table)
	if b.Talkers > 0 {
		parts = append(parts, fmt.Sprintf("%.0f %% of the talking connections survive", 100*b.Talkers))
	}
	if parts == nil {
		return "budget: none"
	}
	return "budget: " + strings.Join(parts, ", ")
}
