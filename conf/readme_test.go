package conf

import (
	"os"
	"regexp"
	"testing"
)

// TestExamplesOfTheDocumentationLoad reads every block of configuration that
// the documentation shows: what it tells people to write has no error.
func TestExamplesOfTheDocumentationLoad(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```\n((?:global_defs|vrrp_instance|virtual_server)[^`]*)^```$")
	for _, file := range []string{"../README.md", "../ipvs/README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples := block.FindAllSubmatch(text, -1)
		if len(examples) == 0 {
			t.Errorf("%s shows no configuration", file)
		}
		for _, example := range examples {
			_, found := Parse(file, example[1])
			for _, d := range found {
				if d.Severity <= Error {
					t.Errorf("%v in\n%s", d, example[1])
				}
			}
		}
	}
}
