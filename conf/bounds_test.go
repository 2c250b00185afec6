package conf

import (
	"strings"
	"testing"
)

// TestManyFindings holds that a file which is wrong in every line does not
// become larger by what is said of it, and that one more error is a new one.
func TestManyFindings(t *testing.T) {
	_, found := Parse("f", []byte(strings.Repeat("nonsense\n", 5000)))
	if n := found.Count(Error); n != maxFound+1 {
		t.Fatalf("there are %d errors, want %d", n, maxFound+1)
	}
	_, more := Parse("f", []byte(strings.Repeat("nonsense\n", 5001)))
	fresh := more.NewErrors(found)
	if len(fresh) != 1 || fresh[0].Message != "4001 more errors are left out" {
		t.Errorf("new in a file with one more are %v", fresh)
	}
}
