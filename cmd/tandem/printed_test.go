package main

import (
	"os"
	"testing"
)

// TestAFullDisk holds that a wrong place to print to is no wrong command line.
func TestAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no disk is full here:", err)
	}
	defer full.Close()
	root := rootCommand()
	root.SetOut(full)
	root.SetArgs([]string{"version"})
	if got := status(root.ExecuteContext(t.Context())); got != exitFailed {
		t.Errorf("it exits with %d, want %d", got, exitFailed)
	}
}
