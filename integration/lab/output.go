package lab

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"time"
)

// outputLimit bounds the wait for the last output of ended processes, whose
// reader may read no more.
const outputLimit = time.Second

// output carries what a command says to the writers of its starter. os/exec
// would do it too, but waits for a writer that blocks as long as it blocks.
type output struct {
	pumps sync.WaitGroup
}

// connect gives the command's streams somewhere to write to, and returns the
// ends that are the command's alone.
func (o *output) connect(cmd *exec.Cmd, stdout, stderr io.Writer) (ends []*os.File, err error) {
	for _, stream := range []struct {
		writer io.Writer
		of     *io.Writer
	}{{stdout, &cmd.Stdout}, {stderr, &cmd.Stderr}} {
		switch _, isFile := stream.writer.(*os.File); {
		case stream.writer == nil || isFile:
			*stream.of = stream.writer
			continue
		case stream.of == &cmd.Stderr && same(stdout, stderr):
			cmd.Stderr = cmd.Stdout // One pipe, so that one goroutine writes.
			continue
		}
		reader, writer, err := os.Pipe()
		if err != nil {
			return ends, fmt.Errorf("make a pipe for the output: %w", err)
		}
		*stream.of = writer
		ends = append(ends, writer)
		o.pumps.Go(func() {
			defer reader.Close()
			_, _ = io.Copy(stream.writer, reader) // A writer that fails loses what is said.
		})
	}
	return ends, nil
}

// same reports whether both are one writer.
func same(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Comparable() && a == b
}

// drain waits for the last output.
func (o *output) drain() {
	done := make(chan struct{})
	go func() { o.pumps.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(outputLimit):
	}
}
