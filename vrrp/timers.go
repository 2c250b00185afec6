package vrrp

import "time"

// Skew returns Skew_Time, which lets the backup of the highest priority speak
// first. interval is the master's. RFC 9568 section 6.1; version 2 counts in
// seconds whatever the interval (RFC 3768 section 6.1).
func Skew(v Version, priority uint8, interval time.Duration) time.Duration {
	if v == V2 {
		interval = time.Second
	}
	return time.Duration(256-int(priority)) * interval / 256
}

// MasterDown returns Active_Down_Interval: how long a backup waits for the
// next advert of a master that advertises every interval (RFC 9568 section 6.1).
func MasterDown(v Version, priority uint8, interval time.Duration) time.Duration {
	return 3*interval + Skew(v, priority, interval)
}

// minLate is how late a wake-up must be to count as having slept. A busy
// machine is late by milliseconds; at the shortest interval of 10 ms this
// leaves a backup time to hear a master that is alive.
const minLate = 20 * time.Millisecond

// readersMoment is what it takes on a busy host until the goroutines that
// read the sockets have run.
const readersMoment = 10 * time.Millisecond

// beat returns how often to look whether we slept, given the shortest
// interval: what passed before a beat that was missed counts as awake.
func beat(interval time.Duration) time.Duration { return max(interval/4, minLate) }

// masterDown is MasterDown with the number of adverts that the instance lets
// its master miss (keyword down_timer_adverts).
func (in *Instance) masterDown(priority uint8, interval time.Duration) time.Duration {
	adverts := 3
	if in.Manners.DownAdverts > 0 {
		adverts = in.Manners.DownAdverts
	}
	return time.Duration(adverts)*interval + Skew(in.Version, priority, interval)
}

// downTimer is Active_Down_Timer. It keeps what it was started with, not when
// it fires, so that a changed priority reshapes it while it runs.
type downTimer struct {
	start    time.Time
	skewOnly bool          // the master stopped: only Skew_Time
	interval time.Duration // Active_Adver_Interval: the master's, or ours until one is accepted
	learned  bool          // it is the master's
}

func (t downTimer) deadline(in *Instance, priority uint8) time.Time {
	if t.skewOnly {
		return t.start.Add(Skew(in.Version, priority, t.interval))
	}
	return t.start.Add(in.masterDown(priority, t.interval))
}

// due reports whether a timer has fired; a zero one is not armed.
func due(now, at time.Time) bool { return !at.IsZero() && !now.Before(at) }

// earliest returns the earlier of two timers, of which zero ones are not armed.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
