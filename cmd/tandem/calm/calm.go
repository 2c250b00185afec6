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
	"os/signal"
	"strconv"
	"syscall"
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

	// longestRun is how long a thread may run at real-time priority without a
	// pause. Adverts of a thousand instances take a hundredth of it; who runs
	// longer has gone wrong, and shall not take the host with it.
	longestRun = 500 * time.Millisecond
	// penance is how long such a process goes on at an ordinary priority.
	penance = time.Minute
)

// Keeper keeps the process at its priority.
type Keeper struct {
	log *slog.Logger
	set chan Settings
}

// New returns a Keeper that does nothing until Run.
func New(log *slog.Logger) *Keeper { return &Keeper{log, make(chan Settings, 1)} }

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
	overrun := make(chan os.Signal, 1)
	signal.Notify(overrun, syscall.SIGXCPU)
	defer signal.Stop(overrun)
	var settings Settings
	var pardon <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case settings = <-k.set:
			pardon = nil
			k.raise(settings)
		case <-overrun:
			if pardon == nil {
				k.log.Error("a thread ran at real-time priority without a pause; going on at an ordinary one for a while",
					"longest", longestRun, "for", penance)
				k.apply(ordinary(bestNice))
			}
			pardon = time.After(penance)
		case <-pardon:
			pardon = nil
			k.raise(settings)
		}
	}
}

// raise gives the process the priority that settings ask for, or the next best.
func (k *Keeper) raise(s Settings) {
	for i, want := range s.choices() {
		err := k.apply(want)
		switch {
		case err == nil && i == 0:
			k.log.Info("process priority", "is", want.String())
			return
		case err == nil:
			k.log.Warn("process priority is not what it should be: adverts may be late on a busy host", "is", want.String())
			return
		}
		k.log.Warn("process priority not allowed; CAP_SYS_NICE allows it", "wanted", want.String(), "error", err)
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
	if err := limitRealTime(); err != nil {
		return err
	}
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

// limitRealTime makes the kernel send SIGXCPU to who runs for too long
// (RLIMIT_RTTIME in getrlimit(2), in microseconds). The hard limit, which would
// kill, stays.
func limitRealTime() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_RTTIME, &limit); err != nil {
		return fmt.Errorf("read the limit of real-time priority: %w", err)
	}
	limit.Cur = min(uint64(longestRun.Microseconds()), limit.Max)
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &limit); err != nil {
		return fmt.Errorf("limit real-time priority: %w", err)
	}
	return nil
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
