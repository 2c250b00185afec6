// Package calm keeps the process on time on a host that is not: it raises the
// priority of all its threads and locks its memory. Go moves goroutines between
// threads, so a priority for the one that sends adverts would be worth nothing.
package calm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Settings are what the configuration says of the process. The zero value is
// the default: the lowest real-time priority, or where that is not allowed the
// best niceness.
type Settings struct {
	RealTime int  // priority of SCHED_RR, 1-99 (keyword vrrp_rt_priority); 0: 1, unless Nice is set
	Nice     *int // -20..19, instead of a real-time priority (keyword vrrp_priority)
}

const (
	// leastRealTime comes before everything that is not real-time, and after
	// everything that is.
	leastRealTime = 1
	bestNice      = -20

	// greed is the share of one processor that the process may take at real-time
	// priority over a watch. Adverts of a thousand instances take a tenth of
	// that; who takes more has gone wrong, or has so many checks that the host
	// shall have a say.
	greed = 0.9
	watch = 10 * time.Second
	// penance is how long such a process goes on at an ordinary priority.
	penance = time.Minute
)

// Keeper keeps the process at its priority.
type Keeper struct {
	log   *slog.Logger
	set   chan Settings
	watch time.Duration
	said  string // what was tried and what came of it, as last logged
}

// New returns a Keeper that does nothing until Run.
func New(log *slog.Logger) *Keeper {
	return &Keeper{log: log, set: make(chan Settings, 1), watch: watch}
}

// Set says what priority the process shall have. It does not block.
func (k *Keeper) Set(s Settings) {
	select {
	case <-k.set:
	default:
	}
	k.set <- s
}

// Run raises the process as Set says until the context ends. What is not
// allowed is logged once and is no failure: adverts may be late then.
func (k *Keeper) Run(ctx context.Context) error {
	k.lockMemory()
	look := time.NewTicker(k.watch)
	defer look.Stop()
	var settings Settings
	var pardon <-chan time.Time
	before, at := burnt(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case settings = <-k.set:
			pardon = nil
			k.raise(settings)
		case now := <-look.C:
			spent := burnt()
			share := float64(spent-before) / float64(now.Sub(at))
			before, at = spent, now
			if share > greed && settings.Nice == nil && pardon == nil {
				k.log.Error("the process takes a whole processor at real-time priority; going on at an ordinary one for a while",
					"processors", fmt.Sprintf("%.1f", share), "for", penance)
				pardon = time.After(penance)
				k.lower()
			}
		case <-pardon:
			pardon = nil
			k.raise(settings)
		}
	}
}

// lower takes the real-time priority away.
func (k *Keeper) lower() {
	k.said = ""
	if err := k.apply(ordinary(bestNice)); err != nil {
		k.log.Error("the priority of the process cannot be lowered", "error", err)
	}
}

// burnt is the processor time that the process has taken so far.
func burnt() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// raise gives the process the priority that settings ask for, or the next best.
// A reload that finds it as it was is not worth a line.
func (k *Keeper) raise(s Settings) {
	choices, refused := s.choices(), []error(nil)
	for _, want := range choices {
		err := k.apply(want)
		if err == nil {
			break
		}
		refused = append(refused, err)
	}
	result := fmt.Sprint(choices, len(refused))
	if result == k.said {
		return
	}
	k.said = result
	for i, err := range refused {
		k.log.Warn("process priority not allowed; CAP_SYS_NICE allows it", "wanted", choices[i].String(), "error", err)
	}
	switch n := len(refused); n {
	case 0:
		k.log.Info("process priority", "is", choices[0].String())
	case len(choices):
	default:
		k.log.Warn("process priority is not what it should be: adverts may be late on a busy host", "is", choices[n].String())
	}
}

// choices are what to try, best first.
func (s Settings) choices() []priority {
	switch {
	case s.RealTime > 0:
		return []priority{realTime(s.RealTime), ordinary(bestNice)}
	case s.Nice != nil:
		return []priority{ordinary(*s.Nice)}
	}
	return []priority{realTime(leastRealTime), ordinary(bestNice)}
}

// apply gives every thread a priority. Threads that are made meanwhile have
// that of the thread that made them, so it looks again until there is none new.
func (k *Keeper) apply(p priority) error {
	done := make(map[int]bool)
	for {
		threads, err := threads()
		if err != nil {
			return err
		}
		fresh := false
		for _, tid := range threads {
			if done[tid] {
				continue
			}
			done[tid], fresh = true, true
			if err := p.give(tid); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
		if !fresh {
			return nil
		}
	}
}

// lockMemory keeps what the process has touched from being swapped out: to read
// it back from a busy disk takes longer than a master down interval.
func (k *Keeper) lockMemory() {
	err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	if err != nil {
		k.log.Warn("memory is not locked, and may be swapped out; CAP_IPC_LOCK allows it", "error", err)
	}
}

// threads lists the threads of the process.
func threads() ([]int, error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("list own threads: %w", err)
	}
	list := make([]int, 0, len(entries))
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, tid)
		}
	}
	return list, nil
}
