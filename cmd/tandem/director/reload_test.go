package director

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/conf"
)

// TestManyFindings holds that a log says the first of them and how many there are.
func TestManyFindings(t *testing.T) {
	file := filepath.Join(files(t, map[string]string{
		"tandem.conf": anInstance("") + strings.Repeat("includem /none\n", 30) + strings.Repeat("nonsense\n", 50),
		"part.conf":   strings.Repeat("nonsense\n", 50),
	}), "tandem.conf")
	var log bytes.Buffer
	d := &Director{options: Options{Config: file}, log: slog.New(slog.NewTextHandler(&log, nil))}
	_, found := conf.Read(file, NewReading("").Options)
	d.sayFound(found)
	if got := strings.Count(log.String(), "level=ERROR"); got != fewFound+1 || !strings.Contains(log.String(), "10 more fatal errors; tandem check -f ") {
		t.Errorf("it logs %d lines: %s", got, &log)
	}

	log.Reset()
	if err := os.WriteFile(file, []byte(anInstance("")+"# one\ninclude part.conf\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	running, _ := conf.Parse("f", []byte(anInstance("")))
	d.config = running
	why := d.few(d.refusals(t.Context(), d.reread().config, d.reread().found), "reasons")
	if len(why) != fewFound+1 || !strings.HasPrefix(why[fewFound], "30 more reasons; tandem check") {
		t.Errorf("it is refused for %d reasons: %q", len(why), why)
	}
	if want := "part.conf:1:1: error: "; !strings.Contains(why[0], want) || !strings.HasSuffix(why[0], "tandem.conf:8:1") {
		t.Errorf("the first reason is %q, want one of %s that is included from line 8", why[0], want)
	}
}

// TestStatusCountsWhatCheckDoes holds that what this host says of a file counts,
// too.
func TestStatusCountsWhatCheckDoes(t *testing.T) {
	file := filepath.Join(files(t, map[string]string{"tandem.conf": anInstance("") + "nonsense\n"}), "tandem.conf")
	d := &Director{options: Options{Config: file}}
	fresh := d.reread()
	d.take(fresh, time.Now())
	got := d.configStatus()
	if got.File != file || got.Errors != fresh.judged.Count(conf.Error) || got.Warnings != fresh.judged.Count(conf.Warning) {
		t.Errorf("it tells %+v of %v", got, fresh.judged)
	}
	if got.Errors <= fresh.found.Count(conf.Error) {
		t.Errorf("this host finds nothing more than %v", fresh.found)
	}
}
