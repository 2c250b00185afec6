package integration

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// edit replaces a text that must be there exactly once.
func edit(t *testing.T, text, from, to string) string {
	t.Helper()
	if n := strings.Count(text, from); n != 1 {
		t.Fatalf("%q stands %d times in the configuration, want once:\n%s", from, n, text)
	}
	return strings.Replace(text, from, to, 1)
}

// A reload with one server changed changes that server and nothing else.
func TestReloadTouchesOnlyWhatChanged(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	p.StartBoth(t, calm)
	p.WaitForwarding(t, lab.A)
	p.WaitPage(t, netip.AddrPortFrom(p.VIP(), lab.HTTPPort))
	talk := converse(t, p, 9)
	roles := func() []rig.Instance { return []rig.Instance{p.Instance(t, lab.A, "vip"), p.Instance(t, lab.B, "vip")} }
	rolesBefore, countedBefore := roles(), counted(t, p, lab.HTTPPort)

	text := p.Config(t, lab.A, calm)
	echo := netip.AddrPortFrom(p.VIP(), lab.EchoPort)
	block := func(i int) string { return fmt.Sprintf("real_server %s %d {", p.Plan().Servers[i].Addr, lab.EchoPort) }
	without := func(i int) string { return dropBlock(t, text, block(i)) }
	for _, tt := range []struct {
		what, text, want string
	}{
		{"a weight", edit(t, text, block(1)+"\n        weight 1", block(1)+"\n        weight 4"), "s1=1 s2=4 s3=1"},
		{"a weight back", text, "s1=1 s2=1 s3=1"},
		{"nothing at all", text, "s1=1 s2=1 s3=1"},
	} {
		if s := p.Reload(t, lab.A, tt.text); s.Config.LastReload.Refused {
			t.Fatalf("the reload of %s was refused: %v", tt.what, s.Config.LastReload.Why)
		}
		p.WaitTable(t, lab.A, echo, tt.want)
		talk.mustGoOn(t, "after a reload of "+tt.what)
	}
	talk.mustSurvive(t)

	// A server that leaves takes its connections with it, the others stay.
	p.Reload(t, lab.A, without(2))
	p.WaitTable(t, lab.A, echo, "s1=1 s2=1")
	talk = converse(t, p, 6)
	p.Reload(t, lab.A, text)
	p.WaitTable(t, lab.A, echo, "s1=1 s2=1 s3=1")
	talk.mustGoOn(t, "after a server was added")
	p.Reload(t, lab.A, without(2))
	p.WaitTable(t, lab.A, echo, "s1=1 s2=1")
	talk.mustGoOn(t, "after another server was removed")
	talk.mustSurvive(t)

	if got := connections(t, p, lab.HTTPPort); got < countedBefore {
		t.Errorf("the other service counted %d connections before the reloads and %d after", countedBefore, got)
	}
	for i, after := range roles() {
		before := rolesBefore[i]
		if after.State != before.State || !after.Since.Equal(before.Since) || after.BecameMaster != before.BecameMaster {
			t.Errorf("director %s was %s since %s and is %s since %s: a reload moved it",
				lab.Director(i+1), before.State, before.Since, after.State, after.Since)
		}
	}
}

// dropBlock cuts out a block that is four spaces deep and begins with a line.
func dropBlock(t *testing.T, text, first string) string {
	t.Helper()
	begin := strings.Index(text, "    "+first)
	if begin < 0 {
		t.Fatalf("no %q in the configuration:\n%s", first, text)
	}
	const end = "\n    }\n"
	n := strings.Index(text[begin:], end)
	return text[:begin] + text[begin+n+len(end):]
}

// A director that began with nothing to balance takes services and the
// synchronisation from a reload, and gives them back with the next.
func TestReloadBringsAndTakesBalancing(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	addForeign(t, p, lab.A)
	none := map[string]string{foreign + " TCP": "s1=9"}
	full := p.Config(t, lab.A, quick)
	bare := edit(t, full[:strings.Index(full, "virtual_server")], "lvs_sync_daemon inside vip id 51", "")
	p.Start(t, lab.A, bare)
	p.WaitOwner(t, p.VIP(), "a")
	before := p.Instance(t, lab.A, "vip")
	daemons := func(want int) {
		t.Helper()
		rig.Until(t, fmt.Sprintf("%d sync daemons run", want), func() error {
			if out := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--daemon"); strings.Count(out, "sync daemon") != want {
				return fmt.Errorf("there are: %s", out)
			}
			return nil
		})
	}
	if diff := cmp.Diff(none, p.Table(t, lab.A)); diff != "" {
		t.Errorf("IPVS services at first (-want +got):\n%s", diff)
	}
	p.Reload(t, lab.A, full)
	p.WaitForwarding(t, lab.A)
	daemons(2)
	p.Reload(t, lab.A, bare)
	daemons(0)
	rig.Until(t, "the services are gone", func() error {
		if diff := cmp.Diff(none, p.Table(t, lab.A)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	if after := p.Instance(t, lab.A, "vip"); !after.Since.Equal(before.Since) {
		t.Errorf("the instance was MASTER since %s and is %s since %s", before.Since, after.State, after.Since)
	}
}

// A reload with a broken file changes nothing and says where it is broken, in
// the log and in the status. The next good file is taken.
func TestRefusedReloadChangesNothing(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	good := p.Config(t, lab.A, quick)
	p.Start(t, lab.A, good)
	p.WaitOwner(t, p.VIP(), "a")
	p.WaitForwarding(t, lab.A)
	before, table := p.Instance(t, lab.A, "vip"), p.Table(t, lab.A)
	file := p.Files(lab.A).Conf

	for _, tt := range []struct {
		what, text string
		why        string // expression
	}{
		{"fatal", edit(t, good, "virtual_router_id 51", "virtual_router_id 256"), `director\.conf:\d+:\d+: fatal: .*virtual_router_id`},
		{"a new error", edit(t, good, "priority 150", "priority 150\n    prioritty 77"), `director\.conf:\d+:\d+: error: .*prioritty`},
		{"a block that never ends", strings.TrimRight(good, "}\n"), `director\.conf:\d+:\d+: error: .*never closed`},
		{"binary", good[:40] + "\x00\x01" + good[40:], `director\.conf:\d+:\d+: fatal: .*binary`},
		{"another interface that does not exist", edit(t, good, "interface outside", "interface nowhere0"), `director\.conf:\d+:\d+: error: .*nowhere0`},
	} {
		t.Run(tt.what, func(t *testing.T) {
			// A weight that must not arrive stands in every broken file.
			s := p.Reload(t, lab.A, strings.ReplaceAll(tt.text, "weight 1", "weight 9"))
			r := s.Config.LastReload
			if !r.Refused {
				t.Fatal("it was not refused")
			}
			if why := strings.Join(r.Why, "\n"); !regexp.MustCompile(tt.why).MatchString(why) || !strings.Contains(why, file) {
				t.Errorf("status says why: %q, want a match of %q", why, tt.why)
			}
			p.WaitLog(t, lab.A, "level=ERROR", strings.ReplaceAll(r.Why[0], `"`, `\"`))
			p.WaitLog(t, lab.A, "level=ERROR", "reload refused")
			if diff := cmp.Diff(table, p.Table(t, lab.A)); diff != "" {
				t.Errorf("the IPVS table changed (-before +after):\n%s", diff)
			}
			if after := p.Instance(t, lab.A, "vip"); after.State != "MASTER" || !after.Since.Equal(before.Since) {
				t.Errorf("the instance was %s since %s and is %s since %s", before.State, before.Since, after.State, after.Since)
			}
			p.WaitOwner(t, p.VIP(), "a")
		})
	}
	t.Run("missing", func(t *testing.T) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		p.Signal(t, lab.A, syscall.SIGHUP)
		p.WaitLog(t, lab.A, "level=ERROR", file, "no such file")
	})
	if s := p.Reload(t, lab.A, strings.ReplaceAll(good, "weight 1", "weight 9")); s.Config.LastReload.Refused {
		t.Errorf("the good file was refused: %v", s.Config.LastReload.Why)
	}
	p.WaitTable(t, lab.A, netip.AddrPortFrom(p.VIP(), lab.HTTPPort), "s1=9 s2=9 s3=9")
}
