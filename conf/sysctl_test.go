package conf

import (
	"os"
	"strings"
	"testing"
)

func TestCPUList(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "0": "0", "3,1": "1,3", "0,1,2": "0-2", "4-6,5-8,10": "4-8,10", "8191": "8191",
	} {
		if got, ok := cpuList(text); got != want || !ok {
			t.Errorf("cpuList(%q) = %q, %t, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"all", "0-", "-1", "2-1", "8192", "1,", "0-3:1/2"} {
		if got, ok := cpuList(text); ok {
			t.Errorf("cpuList(%q) = %q", text, got)
		}
	}
}

// TestKnobs holds that the bounds are those that the values have, that a value
// is spelled as the kernel prints it, and that the README names every setting.
func TestKnobs(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, k := range knobs {
		if seen[k.file()] {
			t.Errorf("%s is listed twice", k.file())
		}
		seen[k.file()] = true
		if k.meaning == "" || !strings.Contains(string(readme), "`"+k.name+"`") {
			t.Errorf("%s is not documented", k.name)
		}
		if _, want := k.value("x"); want == "" {
			t.Errorf("%s takes x", k.name)
		}
		for text, want := range map[string]string{"1": "1", "01": "1"} {
			if got, refused := k.value(text); k.name != "est_cpulist" && (got != want || refused != "") {
				t.Errorf("%s %s becomes %q, %q", k.name, text, got, refused)
			}
		}
		if got, _ := k.value(leave); (got == leave) != (k.path != "") {
			t.Errorf("%s %s becomes %q", k.name, leave, got)
		}
	}
}
