package conf

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestLaterIsShownWithoutItsFaults holds for keywords that are not built yet:
// what was wrong with them is said once, and what is kept of them is right.
func TestLaterIsShownWithoutItsFaults(t *testing.T) {
	for _, name := range []string{"scripts", "trackedthings", "notify", "staticroutes", "rarer", "hmac"} {
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			f, found := readGolden(archive)
			if !refused(found) {
				t.Errorf("there is nothing wrong in it")
			}
			text := printed(t, f)
			if _, found := ReadText("printed", []byte(text), Options{}); refused(found) {
				t.Errorf("what is printed has faults:\n%s\n%s", lines(found), text)
			}
		})
	}
}
