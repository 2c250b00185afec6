package track

import (
	"strings"
	"testing"
	"time"
)

// TestGate follows results, + and -, and what is known after each: u up, d down,
// ? nothing.
func TestGate(t *testing.T) {
	tests := []struct {
		name          string
		script        Script
		results, want string
	}{
		{"the first success counts, whatever rise is", Script{Rise: 3, Fall: 2}, "+", "u"},
		{"the first failure counts, whatever fall is", Script{Rise: 2, Fall: 3}, "-", "d"},
		{"one of each is enough by default", Script{}, "+-+-", "udud"},
		{"failures in a row make it down", Script{Rise: 1, Fall: 3}, "+----", "uuudd"},
		{"a success between them begins anew", Script{Rise: 1, Fall: 3}, "+--+--+---", "uuuuuuuuud"},
		{"successes in a row make it up", Script{Rise: 3, Fall: 1}, "-++-+++", "ddddddu"},
		{"both", Script{Rise: 2, Fall: 2}, "+-+--+-++", "uuuuddddu"},
		{"init_fail: it is down, and the first success counts all the same", Script{Rise: 2, Fall: 1, InitFail: true}, "+-++", "uddu"},
		{"init_fail: a failure is nothing new", Script{Rise: 1, Fall: 1, InitFail: true}, "-+", "du"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := NewGate(tt.script)
			if _, known := g.Verdict(); known != tt.script.InitFail {
				t.Errorf("known before the first run: %v", known)
			}
			var got strings.Builder
			before := "?"
			if tt.script.InitFail {
				before = "d"
			}
			for _, r := range tt.results {
				changed := g.Take(r == '+')
				now := "d"
				if up, _ := g.Verdict(); up {
					now = "u"
				}
				if changed != (now != before) {
					t.Errorf("after %s it says changed %v, and was %s and is %s", got.String(), changed, before, now)
				}
				got.WriteString(now)
				before = now
			}
			if got.String() != tt.want {
				t.Errorf("%s makes %s, want %s", tt.results, got.String(), tt.want)
			}
		})
	}
}

func TestGateForgets(t *testing.T) {
	g := NewGate(Script{Rise: 3, Fall: 3})
	g.Take(true)
	g.Take(false)
	g.Forget()
	if !g.Take(false) {
		t.Error("the first result of another program does not count by itself")
	}
	if up, _ := g.Verdict(); up {
		t.Error("it is up")
	}
}

func TestGateKeepsStreak(t *testing.T) {
	g := NewGate(Script{Rise: 1, Fall: 3})
	g.Take(true)
	g.Take(false)
	g.Configure(Script{Rise: 1, Fall: 2})
	if n, of := g.Against(); n != 1 || of != 2 {
		t.Errorf("%d of %d results speak against it, want 1 of 2", n, of)
	}
	if !g.Take(false) {
		t.Error("two failures are not enough")
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		name, text string
		want       int
		odd        Oddity
	}{
		{"a number", "42\n", 42, Fine},
		{"a negative one", "-254", -254, Fine},
		{"with a plus", "+7", 7, Fine},
		{"blanks and lines before it", " \n\t 5", 5, Fine},
		{"what follows counts for nothing", "3 servers\n9", 3, Fine},
		{"letters right behind it", "12abc", 12, Fine},
		{"hexadecimal", "0x1F", 31, Fine},
		{"octal", "010", 8, Fine},
		{"zero", "0", 0, Fine},
		{"an octal number that is none", "09", 0, Fine},
		{"0x alone is a zero", "0x", 0, Fine},
		{"0x with no digit", "0xg", 0, Fine},
		{"the largest", "2147483647", 2147483647, Fine},
		{"one more", "2147483648", 0, OutOfRange},
		{"the smallest", "-2147483648", -2147483648, Fine},
		{"one less", "-2147483649", 0, OutOfRange},
		{"beyond 64 bits", "99999999999999999999999", 0, OutOfRange},
		{"a word", "up", 0, NoNumber},
		{"a sign alone", "-", 0, NoNumber},
		{"two signs", "--1", 0, NoNumber},
		{"nothing", "", 0, Empty},
		{"blanks only", " \n", 0, Empty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n, odd := Number(tt.text); n != tt.want || odd != tt.odd {
				t.Errorf("%q is %d, %s; want %d, %s", tt.text, n, odd, tt.want, tt.odd)
			}
		})
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "-0x7fffffff", "0", "", "\x00", "9999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, odd := Number(s)
		if odd != Fine && n != 0 {
			t.Errorf("%q is %s and %d", s, odd, n)
		}
		if n > 1<<31-1 || n < -1<<31 {
			t.Errorf("%q is %d", s, n)
		}
		if m, _ := Number(" \n" + s); m != n {
			t.Errorf("%q is %d, and %d with blanks before it", s, n, m)
		}
	})
}

func TestMatches(t *testing.T) {
	proxy := Running{"haproxy", []string{"/usr/sbin/haproxy", "-W", "-f", "/etc/haproxy.cfg"}}
	tests := []struct {
		name  string
		of    Process
		run   Running
		match bool
	}{
		{"by its name", Process{Command: []string{"haproxy"}}, proxy, true},
		{"another name", Process{Command: []string{"haprox"}}, proxy, false},
		{"a name is no part of one", Process{Command: []string{"proxy"}}, proxy, false},
		{"a path is no name", Process{Command: []string{"/usr/sbin/haproxy"}}, proxy, false},
		{"a name that the kernel cuts", Process{Command: []string{"a-very-long-name-indeed"}}, Running{Name: "a-very-long-nam"}, true},
		{"the whole command is its first word", Process{Command: []string{"/usr/sbin/haproxy"}, FullPath: true}, proxy, true},
		{"exact arguments", Process{Command: []string{"/usr/sbin/haproxy", "-W", "-f", "/etc/haproxy.cfg"}, FullPath: true, Match: ExactArgs}, proxy, true},
		{"exact arguments, one is missing", Process{Command: []string{"/usr/sbin/haproxy", "-W"}, FullPath: true, Match: ExactArgs}, proxy, false},
		{"no arguments at all, but there are", Process{Command: []string{"/usr/sbin/haproxy"}, FullPath: true, Match: ExactArgs}, proxy, false},
		{"no arguments at all", Process{Command: []string{"/bin/x"}, FullPath: true, Match: ExactArgs}, Running{"x", []string{"/bin/x"}}, true},
		{"the first arguments", Process{Command: []string{"/usr/sbin/haproxy", "-W"}, FullPath: true, Match: PartialArgs}, proxy, true},
		{"the first arguments, cut", Process{Command: []string{"/usr/sbin/haproxy", "-W", "-f", "/etc"}, FullPath: true, Match: PartialArgs}, proxy, false},
		{"the beginning of the arguments", Process{Command: []string{"/usr/sbin/haproxy", "-W", "-f", "/etc"}, FullPath: true, Match: InitialArgs}, proxy, true},
		{"not their beginning", Process{Command: []string{"/usr/sbin/haproxy", "-W", "-g"}, FullPath: true, Match: InitialArgs}, proxy, false},
		{"the beginning of none", Process{Command: []string{"/usr/sbin/haproxy"}, FullPath: true, Match: InitialArgs}, proxy, true},
		{"more than it has", Process{Command: []string{"/bin/x", "a"}, FullPath: true, Match: InitialArgs}, Running{"x", []string{"/bin/x"}}, false},
		{"a kernel thread has no command line", Process{Command: []string{"kthreadd"}, FullPath: true}, Running{Name: "kthreadd"}, false},
		{"no name is nobody's", Process{}, proxy, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.of.Matches(tt.run); got != tt.match {
				t.Errorf("it matches: %v, want %v", got, tt.match)
			}
		})
	}
}

func TestGood(t *testing.T) {
	tests := []struct {
		name        string
		least, most int
		good        string // of 0, 1, 2, 3 processes
	}{
		{"one at least", 1, NoLimit, "nyyy"},
		{"two at least", 2, NoLimit, "nnyy"},
		{"one exactly", 1, 1, "nynn"},
		{"one or two", 1, 2, "nyyn"},
		{"none may run", 0, 0, "ynnn"},
	}
	for _, tt := range tests {
		for n, want := range tt.good {
			p := Process{QuorumMin: tt.least, QuorumMax: tt.most}
			if got := p.Good(n); got != (want == 'y') {
				t.Errorf("%s: %d are good: %v", tt.name, n, got)
			}
		}
	}
}

func TestQuorum(t *testing.T) {
	start := time.Now()
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	q := NewQuorum(Process{QuorumMin: 1, QuorumMax: NoLimit, UpDelay: time.Second, DownDelay: 2 * time.Second})
	steps := []struct {
		what string
		at   float64
		n    int // processes; -1: only the time passes
		new  bool
		up   bool
	}{
		{"the first count has no delay", 0, 1, true, true},
		{"gone", 1, 0, false, true},
		{"back in time", 2, 1, false, true},
		{"the delay begins anew", 3, 0, false, true},
		{"still within it", 4, 0, false, true},
		{"too long", 5, -1, true, false},
		{"somebody came", 6, 2, false, false},
		{"and went", 6.5, 0, false, false},
		{"came again", 7, 1, false, false},
		{"and stayed", 8, 1, true, true},
	}
	for _, s := range steps {
		var changed bool
		if s.n < 0 {
			if q.Deadline() != at(s.at) {
				t.Errorf("%s: its deadline is %s, want %s", s.what, q.Deadline().Sub(start), at(s.at).Sub(start))
			}
			changed = q.Expire(at(s.at))
		} else {
			changed = q.Count(at(s.at), s.n)
		}
		if up, _, known := q.Verdict(); changed != s.new || up != s.up || !known {
			t.Errorf("%s: new %v, up %v, known %v; want %v, %v", s.what, changed, up, known, s.new, s.up)
		}
	}
}

func TestQuorumConfigure(t *testing.T) {
	now := time.Now()
	q := NewQuorum(Process{QuorumMin: 1, QuorumMax: NoLimit})
	if q.Configure(now, Process{QuorumMin: 2, QuorumMax: NoLimit}) {
		t.Error("nobody has counted yet")
	}
	q.Count(now, 2)
	if !q.Configure(now, Process{QuorumMin: 3, QuorumMax: NoLimit}) {
		t.Error("two are fewer than three")
	}
}
