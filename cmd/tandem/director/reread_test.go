package director

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestAReadingThatHangs holds that it is refused in time, that no second one
// begins beside it, and that all is well behind it.
func TestAReadingThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, hup := make(chan struct{}), make(chan os.Signal, 1)
		var readings atomic.Int32
		r := &rereader{fresh: make(chan reread), asked: hup, log: slog.New(slog.DiscardHandler), read: func() reread {
			readings.Add(1)
			<-server
			return reread{}
		}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		reload := func(want string, patience time.Duration) {
			t.Helper()
			hup <- syscall.SIGHUP
			begun := time.Now()
			if got := <-r.fresh; got.failed != want || time.Since(begun) > patience {
				t.Errorf("after %s a reload gets %q, want %q within %s", time.Since(begun), got.failed, want, patience)
			}
		}
		reload("the file could not be read in 10 s", readLimit)
		reload("the reload before it is still reading the file", 0)
		reload("the reload before it is still reading the file", 0)
		if n := readings.Load(); n != 1 {
			t.Errorf("%d readings hang, want 1", n)
		}
		close(server)
		synctest.Wait()
		reload("", 0)

		server = make(chan struct{})
		defer close(server)
		hup <- syscall.SIGHUP
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || readings.Load() != 3 {
			t.Errorf("a stop within reading %d ends with %v", readings.Load(), err)
		}
	})
}

// TestAReloadOfAPipe holds that it waits for nobody to write.
func TestAReloadOfAPipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tandem.conf")
	d := &Director{options: Options{Config: file}}
	if got := d.reread(); got.failed != "" || !got.judged.Fatal() {
		t.Errorf("without a file it gives %+v", got)
	}
	if err := os.WriteFile(file, []byte(anInstance("")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.reread(); got.failed != "" || len(got.config.VRRP.Instances) != 1 || len(got.judged) <= len(got.found) {
		t.Errorf("of a file it gives %+v", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.reread(); !strings.Contains(got.failed, "no regular file") {
		t.Errorf("of a pipe it gives %+v", got)
	}
}
