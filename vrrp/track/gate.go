package track

// Gate turns the results of a script's runs into whether it is up, by the rules
// of keepalived: Rise successes in a row make it up, Fall failures in a row make
// it down, and the first run counts by itself, with InitFail too.
type Gate struct {
	rise, fall int
	known, up  bool
	first      bool // the next result is the first one
	streak     int  // results in a row that speak against up
}

// NewGate returns the gate of a script that has not been run.
func NewGate(s Script) *Gate {
	g := &Gate{known: s.InitFail, first: true}
	g.Configure(s)
	return g
}

// Configure takes how many results count, and keeps what is known.
func (g *Gate) Configure(s Script) { g.rise, g.fall = max(s.Rise, 1), max(s.Fall, 1) }

// Forget makes the next result count by itself, as the first one does: it is of
// another program. The verdict stands until then.
func (g *Gate) Forget() { g.first, g.streak = true, 0 }

// Take counts one run, and tells whether the verdict is new.
func (g *Gate) Take(ok bool) bool {
	switch {
	case g.first:
		changed := !g.known || ok != g.up
		g.first, g.known, g.up, g.streak = false, true, ok, 0
		return changed
	case ok == g.up:
		g.streak = 0
		return false
	}
	g.streak++
	if need := g.need(); g.streak < need {
		return false
	}
	g.up, g.streak = ok, 0
	return true
}

// need is how many results in a row turn the verdict round.
func (g *Gate) need() int {
	if g.up {
		return g.fall
	}
	return g.rise
}

// Verdict tells whether the script is up; known is false before the first run,
// unless InitFail says what it is.
func (g *Gate) Verdict() (up, known bool) { return g.up, g.known }

// Against tells how many results in a row speak against the verdict, and how
// many turn it round.
func (g *Gate) Against() (n, of int) { return g.streak, g.need() }
