package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
)

func TestCleanupRefusesBesideADirector(t *testing.T) {
	claim, err := director.ClaimNamespace()
	if err != nil {
		t.Skip("a director runs here:", err)
	}
	defer claim.Close()
	cmd := cleanupCommand()
	cmd.SetArgs([]string{})
	err = cmd.ExecuteContext(t.Context())
	var exit exitError
	if !errors.As(err, &exit) || exit.code != exitHost || !strings.Contains(err.Error(), "--force") {
		t.Errorf("got %v, want status %d and how to do it nevertheless", err, exitHost)
	}
}

func TestCleanupAfterAGoodEnd(t *testing.T) {
	for _, result := range []string{"", "success"} {
		t.Setenv("SERVICE_RESULT", result)
		var out bytes.Buffer
		cmd := cleanupCommand()
		cmd.SetArgs([]string{"--after-failure"})
		cmd.SetOut(&out)
		if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), "nothing to do") {
			t.Errorf("SERVICE_RESULT=%q: %v, %q", result, err, out.String())
		}
	}
}
