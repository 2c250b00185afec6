package lab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGuestArguments(t *testing.T) {
	guest, out := guestArguments([]string{
		"-test.paniconexit0", "-test.testlogfile=/tmp/b/testlog.txt", "-test.v=true", "-test.run=A=B",
		"--test.coverprofile=/tmp/b/cover.out", "-test.gocoverdir=/tmp/c", "-test.outputdir=/tmp/b",
	})
	wantGuest := []string{
		"-test.paniconexit0", "-test.v=true", "-test.run=A=B",
		"--test.coverprofile=/tmp/b/cover.out", "-test.gocoverdir=/tmp/c", "-test.outputdir=/tmp/b",
	}
	if diff := cmp.Diff(wantGuest, guest); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/tmp/b", "/tmp/c"}, out); diff != "" {
		t.Errorf("output folders (-want +got):\n%s", diff)
	}
}

func TestDirectorCommand(t *testing.T) {
	for name, tt := range map[string]struct {
		template string
		want     []string
	}{
		"configuration appended": {"keepalived  --dont-fork", []string{"keepalived", "--dont-fork", "-f", "/c"}},
		"everything replaced": {
			DefaultCommand,
			[]string{"bin/tandem", "run", "-f", "/c", "--run-dir", "/r", "--state-dir", "/s"},
		},
		"replaced within words": {"x --file={conf} -p {run}/pid", []string{"x", "--file=/c", "-p", "/r/pid"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, DirectorCommand(tt.template, "/c", "/r", "/s")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
