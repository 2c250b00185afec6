package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// toldConfig is a director that tells of everything. DIR is a folder of the
// test.
const toldConfig = `global_defs {
script_user root
notify_fifo DIR/pipe
notify_fifo_script DIR/reader
}
vrrp_sync_group G {
group {
A
B
}
notify_master "DIR/program master G"
notify_backup "DIR/program backup G"
notify_fault "DIR/program fault G"
notify_stop "DIR/program stop G"
notify "DIR/program any 'G 1'"
}
`

// toldInstance is one instance, with NAME and NUMBER.
const toldInstance = `vrrp_instance NAME {
state BACKUP
interface outside
virtual_router_id NUMBER
version 3
priority 100
advert_int 0.2
track_interface {
inside
}
notify_master "DIR/program master NAME"
notify_backup "DIR/program backup NAME"
notify_fault "DIR/program fault NAME"
notify_stop "DIR/program stop NAME"
notify "DIR/program any NAME"
virtual_ipaddress {
192.0.2.NUMBER/32
}
}
`

// told is what a director told in one phase of a story.
type told struct {
	Programs []string            // with their arguments, sorted: keepalived runs them all at once
	Lines    map[string][]string // in the pipe, in order, by what they are about
}

// tell lives a life with a director, and returns what it tells phase by phase.
func tell(t *testing.T, command string) []told {
	p := rig.New(t, lab.Options{})
	dir := p.Dir()
	executable := func(name, body string) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+strings.ReplaceAll(body, "DIR", dir)+"\n"), 0o755))
	}
	executable("program", `echo "$*" >>DIR/programs`)
	executable("reader", `while read -r line; do echo "$line" >>DIR/lines; done <"$1"`)
	config := toldConfig
	for i, name := range []string{"A", "B", "C"} {
		config += strings.NewReplacer("NUMBER", fmt.Sprint(71+i), "NAME", name).Replace(toldInstance)
	}
	config = strings.ReplaceAll(config, "DIR", dir)

	var phases []told
	// until waits for as many programs as there have to be, and takes what was told.
	until := func(what string, programs, lines int) {
		t.Helper()
		rig.Until(t, what+" is told", func() error {
			if ran, said := read(t, dir+"/programs"), read(t, dir+"/lines"); len(ran) < programs || len(said) < lines {
				return fmt.Errorf("%d of %d programs have run, %d of %d lines are read", len(ran), programs, len(said), lines)
			}
			return nil
		})
		phase := told{Programs: read(t, dir+"/programs"), Lines: make(map[string][]string)}
		slices.Sort(phase.Programs)
		for _, line := range read(t, dir+"/lines") {
			about := strings.Join(strings.Fields(line)[:2], " ")
			phase.Lines[about] = append(phase.Lines[about], line)
		}
		must(t, os.WriteFile(dir+"/programs", nil, 0o644))
		must(t, os.WriteFile(dir+"/lines", nil, 0o644))
		phases = append(phases, phase)
	}
	// Each of three instances and a group runs two programs for a state.
	p.StartAs(t, lab.A, command, config)
	until("the way to MASTER", 2*8, 2*4)
	must(t, p.LinkDown(lab.A, lab.Inside))
	until("a fault", 8, 4)
	must(t, p.LinkUp(lab.A, lab.Inside))
	until("the way back", 2*8, 2*4)
	p.Stop(t, lab.A)
	until("the stop", 8, 0)
	return phases
}

func read(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// TestTold: programs get the same arguments and pipes the same lines from
// tandem as from keepalived, in every phase of a life. At the stop keepalived
// ends the reader of the pipe before it has read; tandem lets it read to the end.
func TestTold(t *testing.T) {
	need(t, "keepalived", "keepalived")
	var theirs, ours []told
	t.Run("lives", func(t *testing.T) {
		t.Run("keepalived", func(t *testing.T) {
			t.Parallel()
			theirs = tell(t, rig.KeepalivedVRRP)
		})
		t.Run("tandem", func(t *testing.T) {
			t.Parallel()
			ours = tell(t, rig.Tandem())
		})
	})
	if t.Failed() {
		return
	}
	theirs[3].Lines = map[string][]string{
		`INSTANCE "A"`: {`INSTANCE "A" STOP 100`}, `INSTANCE "B"`: {`INSTANCE "B" STOP 100`},
		`INSTANCE "C"`: {`INSTANCE "C" STOP 100`}, `GROUP "G"`: {`GROUP "G" STOP 0`},
	}
	for i, name := range []string{"start", "fault", "return", "stop"} {
		if diff := cmp.Diff(theirs[i], ours[i]); diff != "" {
			t.Errorf("K-52 %s: keepalived (-) and tandem (+) tell otherwise:\n%s", name, diff)
		}
	}
}
