package testkernel

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStreamSplitsLongWrites(t *testing.T) {
	var line bytes.Buffer
	text := bytes.Repeat([]byte("x"), 2*maxPayload+1)
	if n, err := (&frameWriter{w: &line}).stream(frameStdout).Write(text); n != len(text) || err != nil {
		t.Fatalf("wrote %d bytes, %v", n, err)
	}
	var got []byte
	for range 3 {
		kind, payload, err := readFrame(&line)
		if kind != frameStdout || err != nil {
			t.Fatalf("%s, %v", kind, err)
		}
		got = append(got, payload...)
	}
	if !bytes.Equal(got, text) {
		t.Errorf("read back %d bytes, want %d", len(got), len(text))
	}
	if _, _, err := readFrame(&line); err != io.EOF {
		t.Errorf("after the last frame: %v, want %v", err, io.EOF)
	}
}

// Whatever the guest writes, the reader refuses it or reads frames that write
// the same bytes.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{byte(frameExit), 0, 0, 0, 4, 0, 0, 0, 7})
	f.Add([]byte{byte(frameStdin), 0, 0, 0, 0})
	f.Add([]byte{byte(frameStdout), 0xff, 0xff, 0xff, 0xff, 'x'})
	f.Add([]byte("login: "))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var again bytes.Buffer
		for {
			kind, payload, err := readFrame(r)
			if err != nil {
				break
			}
			if err := (&frameWriter{w: &again}).send(kind, payload); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Errorf("%x read and written is %x", b, again.Bytes())
		}
	})
}

func TestConsoleKeepsTheEnd(t *testing.T) {
	var c console
	if got := c.tail(); got != "" {
		t.Errorf("empty console shows %q", got)
	}
	for range 1000 {
		_, _ = c.Write([]byte("an old line\r\n"))
	}
	_, _ = c.Write([]byte("Kernel panic\r\n"))
	got := c.tail()
	if !strings.HasSuffix(got, "an old line\nKernel panic") || len(got) > consoleKeep+100 {
		t.Errorf("tail of %d bytes: %q", len(got), got)
	}
}

func TestParseDependencies(t *testing.T) {
	got := parseDependencies("kernel/net/ipvs/ip_vs_rr.ko: kernel/net/ipvs/ip_vs.ko kernel/lib/libcrc32c.ko\n" +
		"kernel/drivers/net/dummy-irq.ko.xz:\n" +
		"no colon here\n")
	want := map[string]dependency{
		"ip_vs_rr":  {"kernel/net/ipvs/ip_vs_rr.ko", []string{"kernel/net/ipvs/ip_vs.ko", "kernel/lib/libcrc32c.ko"}},
		"dummy_irq": {"kernel/drivers/net/dummy-irq.ko.xz", []string{}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(dependency{})); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
}
