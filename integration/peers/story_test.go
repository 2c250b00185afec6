package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// story is something that happens to a pair, and what the addresses do.
type story struct {
	name string
	a, b role
	tell func(*play)
	// moves of each address by director; of one that is killed those of the
	// other only.
	moves map[string]string
}

var stories = []story{
	{"a stop and a return", role{priority: 150}, role{priority: 100}, func(p *play) {
		p.begin()
		p.owners("a")
		p.stop(lab.A)
		p.owners("b")
		p.start(lab.A)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+-+", "b": "+-"}},

	{"a preferred director that comes back without preempting", role{priority: 150, more: "nopreempt"}, role{priority: 100}, func(p *play) {
		p.begin()
		p.stop(lab.A)
		p.owners("b")
		p.start(lab.A)
		p.talk()
		p.owners("b")
	}, map[string]string{"a": "+-", "b": "+"}},

	{"a preferred director that comes late preempts", role{priority: 150}, role{priority: 100}, func(p *play) {
		p.start(lab.B)
		p.owners("b")
		p.start(lab.A)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+", "b": "+-"}},

	{"a tie that a partition makes is the higher address's", role{priority: 100}, role{priority: 100}, func(p *play) {
		p.begin()
		p.owners("a")
		p.partition(true)
		p.owners("a+b")
		p.partition(false)
		p.owners("b")
		p.talk()
	}, map[string]string{"a": "+-", "b": "+"}},

	{"a partition that heals is the higher priority's", role{priority: 150}, role{priority: 100}, func(p *play) {
		p.begin()
		p.partition(true)
		p.owners("a+b")
		p.partition(false)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+", "b": "+-"}},

	{"a tracked link that goes and comes", role{priority: 150, more: "track_interface {\ninside\n}"}, role{priority: 100}, (*play).loseLink, map[string]string{"a": "+-+", "b": "+-"}},

	{"a tracked link with a weight", role{priority: 150, more: "track_interface {\ninside weight -60\n}"}, role{priority: 100}, (*play).loseLink, map[string]string{"a": "+-+", "b": "+-"}},

	{"a sync group of which one tracks a link", role{priority: 150, first: "track_interface {\ninside\n}", head: group()}, role{priority: 100, head: group()}, (*play).loseLink, map[string]string{"a": "+-+", "b": "+-"}},

	{"a script that fails and recovers", role{priority: 150, more: "track_script {\nflag\n}", head: script}, role{priority: 100}, func(p *play) {
		p.begin()
		must(p.t, os.WriteFile(p.flag(lab.A), nil, 0o644))
		p.owners("b")
		must(p.t, os.Remove(p.flag(lab.A)))
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+-+", "b": "+-"}},

	{"a loss", role{priority: 150}, role{priority: 100}, func(p *play) {
		p.begin()
		must(p.t, p.PowerLoss(lab.A))
		p.owners("b")
	}, map[string]string{"b": "+"}},
}

// group is a sync group of all dialects.
func group() string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.name)
	}
	return "vrrp_sync_group all {\ngroup {\n" + strings.Join(names, "\n") + "\n}\n}\n"
}

// script fails while the flag is there.
const script = `global_defs {
script_user root
}
vrrp_script flag {
script "/usr/bin/test ! -e FLAG"
interval 1
weight -60
}
`

// play is a story that is told to a pair.
type play struct {
	*rig.Pair
	t        *testing.T
	story    story
	commands map[lab.Director]string
	own      lab.Director // which of them is tandem
	dialects []dialect
}

func (p *play) start(d lab.Director) {
	p.t.Helper()
	r := map[lab.Director]role{lab.A: p.story.a, lab.B: p.story.b}[d]
	var text strings.Builder
	// Without it keepalived asks the DNS for the host's name, and nobody answers
	// here for 5 s.
	fmt.Fprintf(&text, "global_defs {\nrouter_id %s\n}\n", d)
	text.WriteString(strings.ReplaceAll(r.head, "FLAG", p.flag(d)))
	for _, dialect := range p.dialects {
		text.WriteString(dialect.config(p.Plan(), d, r))
	}
	const up = "Entering BACKUP STATE (init)"
	before := p.Log(d).Count(up)
	p.StartAs(p.t, d, p.commands[d], text.String())
	if d == p.own {
		return
	}
	rig.Until(p.t, "keepalived runs every instance", func() error {
		if n := p.Log(d).Count(up) - before; n < len(p.dialects) {
			return fmt.Errorf("it runs %d of %d", n, len(p.dialects))
		}
		return nil
	})
}

// flag is a path of a director that a story may make.
func (p *play) flag(d lab.Director) string { return filepath.Join(p.Dir(), d.String()+".flag") }

// begin starts A, which becomes master, and B, which hears it.
func (p *play) begin() {
	p.t.Helper()
	p.start(lab.A)
	p.owners("a")
	p.start(lab.B)
	p.talk()
}

// loseLink is a story of A's inside link, which goes and comes.
func (p *play) loseLink() {
	p.t.Helper()
	p.begin()
	p.link(false)
	p.owners("b")
	p.link(true)
	p.owners("a")
	p.talk()
}

func (p *play) stop(d lab.Director) { p.t.Helper(); p.Stop(p.t, d) }

func (p *play) partition(on bool) {
	p.t.Helper()
	for _, d := range []lab.Director{lab.A, lab.B} {
		if on {
			rig.Must(p.t, p.Director(d), "nft", deafen)
		} else {
			rig.Must(p.t, p.Director(d), "nft", "delete table inet deaf")
		}
	}
}

// deafen drops VRRP, signed or not, that comes to a host. The lab's own way to
// part directors needs a kernel with tc-u32(8).
const deafen = "add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }; " +
	"add rule inet deaf in meta l4proto { 51, 112 } drop"

// link takes the inside link of director A down or up.
func (p *play) link(up bool) {
	p.t.Helper()
	if up {
		must(p.t, p.LinkUp(lab.A, lab.Inside))
	} else {
		must(p.t, p.LinkDown(lab.A, lab.Inside))
	}
}

func (p *play) owners(want string) {
	p.t.Helper()
	for _, dialect := range p.dialects {
		p.WaitOwner(p.t, dialect.vip(), want)
	}
}

// talk waits until tandem has sent or heard three more adverts in every
// dialect: time enough for a pair that flaps to do so.
func (p *play) talk() {
	p.t.Helper()
	adverts := func() (counts []int) {
		for _, i := range p.Status(p.t, p.own).Instances {
			counts = append(counts, i.Sent+i.Received)
		}
		return counts
	}
	before := adverts()
	rig.Until(p.t, "three more adverts of every instance", func() error {
		after := adverts()
		for i := range before {
			if after[i] < before[i]+3 {
				return fmt.Errorf("at first %v, now %v", before, after)
			}
		}
		return nil
	})
}

// run tells a story and holds what the addresses did.
func (p *play) run() {
	p.t.Helper()
	moves := p.WatchMoves(p.t)
	p.story.tell(p)
	for _, dialect := range p.dialects {
		// The kernel's word of the last move may come a moment after the move.
		rig.Until(p.t, "the moves are as the story has them", func() error {
			got := moves.Of(dialect.vip().String())
			for d := range got {
				if _, judged := p.story.moves[d]; !judged {
					delete(got, d)
				}
			}
			// A and B act at the same time: their order is not the test's.
			if diff := cmp.Diff(p.story.moves, got); diff != "" {
				return fmt.Errorf("%s (-want +got):\n%s", dialect.name, diff)
			}
			return nil
		})
	}
	if p.story.name == "a loss" && p.own == lab.A {
		return // tandem is gone
	}
	for _, i := range p.Status(p.t, p.own).Instances {
		if strings.HasPrefix(i.Name, "v2-ah") {
			// Both count with one counter: adverts that cross have the same
			// number, and after a partition who has counted less is not heard
			// until it hears the other.
			delete(i.Drops, "ah-replay")
		}
		if len(i.Drops) > 0 {
			p.t.Errorf("%s: tandem dropped adverts of its peer: %v", i.Name, i.Drops)
		}
	}
}

// tandem and Debian's keepalived understand each other in every dialect, in
// either role: no address moves but as the story has it.
func TestKeepalived(t *testing.T) {
	t.Parallel()
	need(t, "keepalived", "keepalived")
	need(t, "nft", "nftables")
	for _, story := range stories {
		for own, name := range map[lab.Director]string{lab.A: "tandem preferred", lab.B: "keepalived preferred"} {
			t.Run(story.name+"/"+name, func(t *testing.T) {
				t.Parallel() // They wait most of the time.
				p := &play{Pair: rig.New(t, lab.Options{DualStack: true}), t: t, story: story, own: own, dialects: dialects}
				p.commands = map[lab.Director]string{own: rig.Tandem(), own.Other(): rig.KeepalivedVRRP}
				p.run()
			})
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
