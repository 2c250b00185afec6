package watch

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// longWait bounds every wait for something that is to happen.
const longWait = 20 * time.Second

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// told is one state that was published.
type told struct {
	item  vrrp.Item
	state vrrp.ItemState
}

// watching is a Watcher that runs as long as the test.
type watching struct {
	*Watcher
	t    *testing.T
	told chan told
}

func watchAll(t *testing.T, cfg track.Config) *watching {
	t.Helper()
	w := &watching{t: t, told: make(chan told, 1000)}
	w.Watcher = New(quiet, func(i vrrp.Item, st vrrp.ItemState) { w.told <- told{i, st} })
	w.Set(cfg)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(t.Context()) }()
	t.Cleanup(func() { // The context has ended.
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(longWait):
			t.Error("it does not end")
		}
	})
	return w
}

// next is the next state that is published of an item.
func (w *watching) next(what string, item vrrp.Item) vrrp.ItemState {
	w.t.Helper()
	timeout := time.NewTimer(longWait)
	defer timeout.Stop()
	for {
		select {
		case got := <-w.told:
			if got.item == item {
				return got.state
			}
		case <-timeout.C:
			w.t.Fatalf("%s: nothing is said of %s", what, item)
		}
	}
}

// await waits for a state of an item.
func (w *watching) await(what string, item vrrp.Item, is func(vrrp.ItemState) bool) vrrp.ItemState {
	w.t.Helper()
	var last vrrp.ItemState
	timeout := time.NewTimer(longWait)
	defer timeout.Stop()
	for {
		select {
		case got := <-w.told:
			if got.item != item {
				continue
			}
			if last = got.state; is(last) {
				return last
			}
		case <-timeout.C:
			w.t.Fatalf("%s: the last of %s is %+v", what, item, last)
		}
	}
}

func isUp(st vrrp.ItemState) bool   { return st.Up }
func isDown(st vrrp.ItemState) bool { return !st.Up }

// write makes a file in one step, as a careful program does.
func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path+".new", []byte(text), 0o644))
	must(t, os.Rename(path+".new", path))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// executable makes a program of a shell script that everybody can run.
func executable(t *testing.T, name, text string) string {
	t.Helper()
	dir := open(t)
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return path
}

// open is a directory that every account can enter.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tandem-watch")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}
