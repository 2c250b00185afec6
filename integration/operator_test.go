package integration

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// What an operator does by hand with tandem's own ipvsadm while the director
// runs: looking is free, a drain is understood, and a change that the director
// would undo is refused with the reason, unless it is forced.
func TestOperatorBesideARunningDirector(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	p.Start(t, lab.A, p.Config(t, lab.A, quick))
	p.WaitForwarding(t, lab.A)
	a := p.Director(lab.A)
	web := netip.AddrPortFrom(p.VIP(), lab.HTTPPort)
	s1 := netip.AddrPortFrom(p.Plan().Servers[0].Addr, lab.HTTPPort).String()
	tandem := func(t *testing.T, command string, args ...string) rig.Ended {
		t.Helper()
		return rig.Exec(t, a, append([]string{rig.Binary(), command, "--run-dir", p.Files(lab.A).RunDir}, args...)...)
	}

	t.Run("it lists what ipvsadm lists", func(t *testing.T) {
		want := rig.Must(t, a, "ipvsadm", "-Sn")
		if got := tandem(t, "ipvsadm", "-Sn"); got.Code != 0 || got.Stdout != want {
			t.Errorf("exit status %d, %s\ngot\n%swant\n%s", got.Code, got.Stderr, got.Stdout, want)
		}
	})
	t.Run("a change to the director's service is refused with the reason", func(t *testing.T) {
		for _, args := range [][]string{
			{"-D", "-t", web.String()},
			{"-E", "-t", web.String(), "-s", "lc"},
			{"-d", "-t", web.String(), "-r", s1},
			{"-C"},
		} {
			got := tandem(t, "ipvsadm", args...)
			if got.Code == 0 || !strings.Contains(got.Stderr, "--force") {
				t.Errorf("%v: exit status %d, it says %q", args, got.Code, got.Stderr)
			}
		}
		if got := p.Table(t, lab.A)[web.String()+" TCP"]; got != "s1=1 s2=1 s3=1" {
			t.Errorf("the table has %q", got)
		}
	})
	t.Run("a foreign service is nobody's business", func(t *testing.T) {
		if got := tandem(t, "ipvsadm", "-A", "-t", foreign, "-s", "sed"); got.Code != 0 {
			t.Errorf("add: %+v", got)
		}
		if got := tandem(t, "ipvsadm", "-D", "-t", foreign); got.Code != 0 {
			t.Errorf("delete: %+v", got)
		}
	})
	t.Run("by force it is made, and the director repairs it", func(t *testing.T) {
		if got := tandem(t, "ipvsadm", "-D", "-t", web.String(), "--force"); got.Code != 0 {
			t.Fatalf("%+v", got)
		}
		p.WaitLog(t, lab.A, "level=WARN", "somebody else changed IPVS")
		p.WaitTable(t, lab.A, web, "s1=1 s2=1 s3=1")
	})
	drain := func(t *testing.T) {
		t.Helper()
		if got := tandem(t, "ipvsadm", "-e", "-t", web.String(), "-r", s1, "-g", "-w", "0"); got.Code != 0 {
			t.Fatalf("weight 0: %+v", got)
		}
		rig.Until(t, "status shows the drain", func() error {
			for _, s := range p.Status(t, lab.A).Services {
				for _, r := range s.Servers {
					if r.Address.String() == s1 && r.Drained {
						return nil
					}
				}
			}
			return errors.New("it does not")
		})
		p.WaitTable(t, lab.A, web, "s1=0 s2=1 s3=1")
	}
	t.Run("weight 0 is a drain, which undrain ends", func(t *testing.T) {
		drain(t)
		got := tandem(t, "undrain", s1)
		if got.Code != 0 || !strings.Contains(got.Stdout, s1) {
			t.Errorf("undrain: %+v", got)
		}
		p.WaitTable(t, lab.A, web, "s1=1 s2=1 s3=1")
		if got := tandem(t, "undrain", s1); got.Code != 1 {
			t.Errorf("a second undrain: %+v", got)
		}
	})
	t.Run("a reload ends a drain", func(t *testing.T) {
		drain(t)
		p.Reload(t, lab.A, p.Config(t, lab.A, quick))
		p.WaitTable(t, lab.A, web, "s1=1 s2=1 s3=1")
	})
}
