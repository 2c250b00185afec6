package conf

import (
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/conf/syntax"
)

func TestReporter(t *testing.T) {
	at, there := syntax.Pos{File: "f", Line: 9}, syntax.Pos{File: "f", Line: 2}
	var r reporter
	r.within("virtual_server A", func() {
		r.withinServer(netip.MustParseAddrPort("192.0.2.1:80"), func() { r.seeing(Error, at, there, "mend it", "%d is %s", 1, "wrong") })
		r.warnf(at, "", "doubtful")
	})
	r.notef(at, "", "outside")
	want := `f:9: error: virtual_server A: real_server 192.0.2.1:80: 1 is wrong (mend it)
f:9: warning: virtual_server A: doubtful
f:9: note: outside
`
	if got := lines(r.found); got != want {
		t.Errorf("found:\n%swant:\n%s", got, want)
	}
	if see := r.found[0].See; see != there {
		t.Errorf("it sees %s, want %s", see, there)
	}
}
