package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
)

// manyInstances are n instances, of which the last two are in FAULT.
func manyInstances(n int) director.Snapshot {
	s := director.Snapshot{At: time.Unix(1_700_000_000, 0)}
	for i := range n {
		in := director.InstanceStatus{Name: fmt.Sprintf("VI_%d", i+1), Interface: "eth0", VRID: uint8(i + 1), State: "MASTER", Reason: "no other master",
			Since: s.At.Add(-time.Minute), Addresses: []director.AddressStatus{{Prefix: netip.MustParsePrefix("192.0.2.1/24"), Present: true}}}
		if i >= n-2 {
			in.State, in.Reason, in.Addresses[0].Present = "FAULT", "link down: eth0", false
		}
		s.Instances = append(s.Instances, in)
	}
	return s
}

func TestManyInstances(t *testing.T) {
	tests := []struct {
		name         string
		n            int
		full         int
		summary      string
		first, third string
	}{
		{"a few", 4, 4, "4 instances: 2 MASTER, 2 FAULT", "instance VI_3 ", "instance VI_1 "},
		{"as many as are shown in full", 20, 20, "20 instances: 18 MASTER, 2 FAULT", "instance VI_19 ", "instance VI_1 "},
		{"many", 200, 0, "200 instances: 198 MASTER, 2 FAULT", "instance VI_199 ", "instance VI_1 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := printStatus(&out, manyInstances(tt.n)); err != nil {
				t.Fatal(err)
			}
			var order []string
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "instance ") {
					order = append(order, line)
				}
			}
			if len(order) != tt.n || !strings.HasPrefix(order[0], tt.first) || !strings.HasPrefix(order[2], tt.third) || !strings.Contains(out.String(), tt.summary+"\n") {
				t.Errorf("it prints\n%s", &out)
			}
			if n := strings.Count(out.String(), "\n  adverts"); n != tt.full {
				t.Errorf("%d in full, want %d", n, tt.full)
			}
			if tt.full == 0 && !strings.HasSuffix(out.String(), "tandem status NAME shows an instance in full\n") {
				t.Error("it does not say how to see more")
			}
		})
	}
}

func TestNamedInstances(t *testing.T) {
	s := manyInstances(200)
	shown, err := only(s.Instances, []string{"VI_7", "VI_3"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printNamed(&out, s, shown); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "\n  adverts") != 2 || strings.Index(text, "VI_7") > strings.Index(text, "VI_3") || !strings.Contains(text, "200 instances: ") {
		t.Errorf("it prints\n%s", text)
	}
	if _, err := only(s.Instances, []string{"VI_7", "nobody"}); err == nil || !strings.Contains(err.Error(), "no vrrp_instance nobody runs here") {
		t.Errorf("of a name that there is not: %v", err)
	}
}
