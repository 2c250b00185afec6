package peers

import (
	"fmt"
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
	{"a stop and a return", role{150, ""}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.owners("a")
		p.stop(lab.A)
		p.owners("b")
		p.start(lab.A)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+-+", "b": "+-"}},

	{"a preferred director that comes back without preempting", role{150, "nopreempt"}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.stop(lab.A)
		p.owners("b")
		p.start(lab.A)
		p.talk()
		p.owners("b")
	}, map[string]string{"a": "+-", "b": "+"}},

	{"a preferred director that comes late preempts", role{150, ""}, role{100, ""}, func(p *play) {
		p.start(lab.B)
		p.owners("b")
		p.start(lab.A)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+", "b": "+-"}},

	{"a tie that a partition makes is the higher address's", role{100, ""}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.owners("a")
		p.partition(true)
		p.owners("a+b")
		p.partition(false)
		p.owners("b")
		p.talk()
	}, map[string]string{"a": "+-", "b": "+"}},

	{"a partition that heals is the higher priority's", role{150, ""}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.partition(true)
		p.owners("a+b")
		p.partition(false)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+", "b": "+-"}},

	{"a tracked link that goes and comes", role{150, "track_interface {\ninside\n}"}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.link(false)
		p.owners("b")
		p.link(true)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+-+", "b": "+-"}},

	{"a tracked link with a weight", role{150, "track_interface {\ninside weight -60\n}"}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		p.link(false)
		p.owners("b")
		p.link(true)
		p.owners("a")
		p.talk()
	}, map[string]string{"a": "+-+", "b": "+-"}},

	{"a loss", role{150, ""}, role{100, ""}, func(p *play) {
		p.start(lab.A)
		p.owners("a")
		p.start(lab.B)
		p.talk()
		must(p.t, p.PowerLoss(lab.A))
		p.owners("b")
	}, map[string]string{"b": "+"}},
}

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
	var text strings.Builder
	// On a link that has just come up nobody needs to wait for a switch here.
	if p.commands[d] == rig.Tandem() {
		text.WriteString("")
	}
	for _, dialect := range p.dialects {
		text.WriteString(dialect.config(p.Plan(), d, map[lab.Director]role{lab.A: p.story.a, lab.B: p.story.b}[d]))
	}
	p.StartAs(p.t, d, p.commands[d], text.String())
}

func (p *play) stop(d lab.Director) { p.t.Helper(); p.Stop(p.t, d) }

func (p *play) partition(on bool) { p.t.Helper(); must(p.t, p.Partition(on)) }

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
		got := moves.Of(dialect.vip().String())
		for d := range got {
			if _, judged := p.story.moves[d]; !judged {
				delete(got, d)
			}
		}
		// A and B act at the same time: their order is not the test's.
		if diff := cmp.Diff(p.story.moves, got); diff != "" {
			p.t.Errorf("%s: moves of the address (-want +got):\n%s", dialect.name, diff)
		}
	}
	if p.story.name == "a loss" && p.own == lab.A {
		return // tandem is gone
	}
	for _, i := range p.Status(p.t, p.own).Instances {
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
