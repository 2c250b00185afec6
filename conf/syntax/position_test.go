package syntax

import "testing"

func TestLineFrom(t *testing.T) {
	main := Pos{File: "a.conf", Line: 4, Col: 1}
	once, again := &Inclusion{Pos: main}, &Inclusion{Pos: main}
	tests := []struct {
		name    string
		pos, at Pos
		want    string
	}{
		{"of the same file", main, Pos{File: "a.conf", Line: 9}, "line 4"},
		{"of the same line", main, Pos{File: "a.conf", Line: 4, Col: 9}, "line 4"},
		{"of another file", main, Pos{File: "b.conf", Line: 4, From: once}, "line 4 of a.conf"},
		{"of a file that is included twice", Pos{File: "b.conf", Line: 1, From: once}, Pos{File: "b.conf", Line: 3, From: again}, "line 1"},
		{"itself, of a file that is included twice", Pos{File: "b.conf", Line: 1, From: once}, Pos{File: "b.conf", Line: 1, From: again}, "this line, read twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.pos.LineFrom(tt.at); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPositionsArePrintable(t *testing.T) {
	at := Pos{File: "a\x1b[2J\nb\xff ü.conf", Line: 1, Col: 2}
	if got, want := at.String(), "a\ufffd[2J\ufffdb\ufffd ü.conf:1:2"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	if got, want := at.LineFrom(Pos{}), "line 1 of a\ufffd[2J\ufffdb\ufffd ü.conf"; got != want {
		t.Errorf("its line is %q, want %q", got, want)
	}
}
