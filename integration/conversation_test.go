package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// conversation is a number of established connections through the first VIP,
// which keep talking until the test ends; all of them must have survived then.
type conversation struct{ *traffic.Talkers }

func converse(t *testing.T, p *rig.Pair, n int) conversation {
	t.Helper()
	echo := netip.AddrPortFrom(p.VIP(), lab.EchoPort)
	talkers, err := traffic.StartTalkers(t.Context(), p.Loop, p.Client(), []netip.AddrPort{echo}, n, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	c := conversation{talkers}
	c.mustGoOn(t, "at the start")
	return c
}

// mustGoOn waits until every connection has been answered once more.
func (c conversation) mustGoOn(t *testing.T, when string) {
	t.Helper()
	since := time.Now()
	rig.Until(t, "every connection is answered "+when, func() error {
		if _, waiting := c.Waiting(since); waiting > 0 {
			return fmt.Errorf("%d wait", waiting)
		}
		return nil
	})
}

// mustSurvive ends the conversation and holds that none of it was lost.
func (c conversation) mustSurvive(t *testing.T) {
	t.Helper()
	for _, talk := range c.Stop(rig.Patience) {
		if talk.End != traffic.Served {
			t.Errorf("the connection %s to %s is %s after %d answers", talk.Client, talk.Server, talk.End, len(talk.Replies))
		}
	}
}

// counted waits until a service of director A has counted a connection, which
// the kernel's estimator does every two seconds, and returns how many.
func counted(t *testing.T, p *rig.Pair, port uint16) (n int) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("the service at port %d has counted", port), func() error {
		if n = connections(t, p, port); n == 0 {
			return errors.New("no connection so far")
		}
		return nil
	})
	return n
}

// connections returns how many connections a service of director A has counted.
func connections(t *testing.T, p *rig.Pair, port uint16) int {
	t.Helper()
	service := netip.AddrPortFrom(p.VIP(), port).String()
	for line := range strings.Lines(rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--stats", "--exact")) {
		if words := strings.Fields(line); len(words) > 2 && words[1] == service {
			n, err := strconv.Atoi(words[2])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("ipvsadm shows no service %s", service)
	return 0
}
