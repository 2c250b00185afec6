package testkernel

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// frameKind says what a frame on the line between host and guest carries.
type frameKind byte

const (
	_            frameKind = iota
	frameStarted           // Guest: the command runs; from now on input is heard.
	frameStdout            // Guest: bytes of standard output.
	frameStderr            // Guest: bytes of standard error.
	frameExit              // Guest: the exit code, 4 bytes; the last frame.
	frameFail              // Guest: why the command could not run, as text; the last frame.
	frameStdin             // Host: bytes of standard input; none means its end.
)

func (k frameKind) String() string {
	names := [...]string{"invalid", "started", "stdout", "stderr", "exit", "fail", "stdin"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("frame kind %d", byte(k))
}

// maxPayload bounds a frame; a longer one can only be a line out of step.
const maxPayload = 16 << 10

// headerLen is the kind and the payload's length, big endian.
const headerLen = 1 + 4

// frameWriter writes frames; several goroutines may share it.
type frameWriter struct {
	mu sync.Mutex // guards w, so that frames do not interleave.
	w  io.Writer
}

// send writes one frame in one Write.
func (fw *frameWriter) send(kind frameKind, payload []byte) error {
	b := make([]byte, headerLen, headerLen+len(payload))
	b[0] = byte(kind)
	binary.BigEndian.PutUint32(b[1:], uint32(len(payload)))
	b = append(b, payload...)
	fw.mu.Lock()
	defer fw.mu.Unlock()
	_, err := fw.w.Write(b)
	return err
}

// stream returns a writer that sends what it is given as frames of one kind.
func (fw *frameWriter) stream(kind frameKind) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		for done := 0; done < len(p); {
			n := min(len(p)-done, maxPayload)
			if err := fw.send(kind, p[done:done+n]); err != nil {
				return done, err
			}
			done += n
		}
		return len(p), nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// readFrame reads the next frame; io.EOF means that the line ended between
// frames.
func readFrame(r io.Reader) (frameKind, []byte, error) {
	var header [headerLen]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	kind := frameKind(header[0])
	n := binary.BigEndian.Uint32(header[1:])
	if kind < frameStarted || kind > frameStdin || n > maxPayload {
		return 0, nil, fmt.Errorf("line out of step: %s of %d bytes", kind, n)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, fmt.Errorf("read %s of %d bytes: %w", kind, n, io.ErrUnexpectedEOF)
	}
	return kind, payload, nil
}
