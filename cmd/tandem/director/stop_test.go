package director

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs/connsync"
	hooks "github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// TestTheUnitWaitsForAStop: systemd does not kill what would have ended.
func TestTheUnitWaitsForAStop(t *testing.T) {
	unit, err := os.ReadFile("../tandem.service")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(unit)
	if m == nil {
		t.Fatal("no TimeoutStopSec")
	}
	seconds, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	all := hooks.DefaultScriptTimeout + program.DefaultGrace
	for _, s := range (&Director{}).stopSteps(connsync.FlushTime, newParts()) {
		all += s.limit
	}
	for _, c := range (&balance{}).clears() {
		all += c.limit
	}
	if unit := time.Duration(seconds) * time.Second; all >= unit {
		t.Errorf("a stop takes up to %s, and the unit waits for %s", all, unit)
	}
}
