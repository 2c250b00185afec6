package rig

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Status is what `tandem status --json` prints, as far as tests read it. The
// names are tandem's interface to scripts: a test that reads one pins it.
type Status struct {
	PID    int `json:"pid"`
	Config struct {
		Errors     int     `json:"errors"`
		LastReload *Reload `json:"last_reload"`
	} `json:"config"`
	Instances []Instance `json:"instances"`
	Services  []Service  `json:"services"`
	Sync      *struct {
		SyncID uint8 `json:"sync_id"`
		Master bool  `json:"master_running"`
		Backup bool  `json:"backup_running"`
	} `json:"sync"`
	// Rules are tandem's own nftables.
	Rules *struct {
		Rules    int      `json:"rules"`
		Repairs  int      `json:"repairs"`
		Problems []string `json:"problems"`
	} `json:"nftables"`
	Warnings []string `json:"warnings"`
}

// Reload is how the last reload went.
type Reload struct {
	At      time.Time `json:"at"`
	Refused bool      `json:"refused"`
	Why     []string  `json:"why"`
}

// Instance is a virtual router.
type Instance struct {
	Name         string    `json:"name"`
	State        string    `json:"state"`
	Since        time.Time `json:"since"`
	Reason       string    `json:"reason"`
	BecameMaster int       `json:"became_master"`
	Addresses    []struct {
		Prefix  netip.Prefix `json:"prefix"`
		Present bool         `json:"present"`
	} `json:"addresses"`
	Sent           int            `json:"adverts_sent"`
	Received       int            `json:"adverts_received"`
	MasterPriority uint8          `json:"master_priority"`
	Drops          map[string]int `json:"drops"`
}

// Service is a virtual server.
type Service struct {
	Name      string   `json:"name"` // "192.0.2.100:80 TCP"
	Scheduler string   `json:"scheduler"`
	InKernel  bool     `json:"in_kernel"`
	Servers   []Server `json:"servers"`
}

// Server is a real server of a service.
type Server struct {
	Address    netip.AddrPort `json:"address"`
	Forwarding string         `json:"forwarding"` // "DR", "NAT", "TUN"
	Sorry      bool           `json:"sorry"`
	Verdict    string         `json:"verdict"`
	Wanted     *int           `json:"weight_wanted"`
	Kernel     *int           `json:"weight_kernel"`
	Drained    bool           `json:"drained"`
}

// Ended is how a command that was run to its end went.
type Ended struct {
	Code           int
	Stdout, Stderr string
}

// Exec runs a command to its end in a host's namespace.
func Exec(t testing.TB, h *lab.Host, argv ...string) Ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	var code int
	err := h.Do(func() error {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code, err = exit.ExitCode(), nil
		}
		return err
	})
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("no %s on this machine: apt-get install %s", argv[0], argv[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return Ended{code, stdout.String(), stderr.String()}
}

// Must runs a command that must succeed in a host's namespace and returns its
// output.
func Must(t testing.TB, h *lab.Host, argv ...string) string {
	t.Helper()
	e := Exec(t, h, argv...)
	if e.Code != 0 {
		t.Fatalf("%s: exit status %d: %s%s", strings.Join(argv, " "), e.Code, e.Stdout, e.Stderr)
	}
	return e.Stdout
}

// Status asks a director's tandem for its status.
func (p *Pair) Status(t testing.TB, d lab.Director) Status {
	t.Helper()
	out := Must(t, p.Director(d), Binary(), "status", "--json", "--run-dir", p.Files(d).RunDir)
	var s Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("read the status of director %s: %v\n%s", d, err, out)
	}
	return s
}

// Instance returns the status of a director's instance.
func (p *Pair) Instance(t testing.TB, d lab.Director, name string) Instance {
	t.Helper()
	for _, i := range p.Status(t, d).Instances {
		if i.Name == name {
			return i
		}
	}
	t.Fatalf("director %s has no instance %s", d, name)
	return Instance{}
}
