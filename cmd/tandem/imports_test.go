package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tandem-ha/tandem/"

// TestWhoMayImportWhom holds the layers apart: a domain knows no other domain,
// what is pure knows no kernel, and only the director knows them all.
func TestWhoMayImportWhom(t *testing.T) {
	edges := []string{"github.com/vishvananda/netlink", "github.com/mdlayher/", "golang.org/x/sys/unix", "github.com/moby/ipvs"}
	tests := []struct {
		what  string
		pkg   string
		may   []string // of tandem
		never []string // of others
	}{
		{"the VRRP machine is pure", "vrrp", []string{"vrrp/advert"}, append(edges, "net/http", "os/exec")},
		{"the advert codec is pure", "vrrp/advert", nil, edges},
		{"the VRRP edge knows VRRP only", "vrrp/link", []string{"vrrp", "vrrp/advert", "vrrp/link/ifaddr"}, nil},
		{"a program knows not why it is run", "vrrp/program", nil, nil},
		{"tracking decides without running anything", "vrrp/track", []string{"vrrp", "vrrp/advert", "vrrp/program"}, edges[:2]},
		{"watching knows what is tracked only", "vrrp/track/watch", []string{"vrrp", "vrrp/advert", "vrrp/program", "vrrp/track"}, edges[:2]},
		{"a BFD session is pure", "vrrp/bfd", nil, edges},
		{"the BFD edge knows BFD only", "vrrp/bfd/wire", []string{"vrrp/bfd"}, edges[:2]},
		{"notifying decides without running anything", "vrrp/notify", []string{"vrrp", "vrrp/advert", "vrrp/program"}, []string{"github.com/wneessen/go-mail", "github.com/vishvananda/netlink"}},
		{"the edge of notifying knows notifying only", "vrrp/notify/deliver", []string{"vrrp", "vrrp/advert", "vrrp/program", "vrrp/notify"}, []string{"github.com/vishvananda/netlink"}},
		{"an address knows not whose it is", "vrrp/link/ifaddr", nil, nil},
		{"the Runner knows no probe", "healthcheck", nil, append(edges, "net/http")},
		{"probes know health checks only", "healthcheck/probe", []string{"healthcheck"}, nil},
		{"a record knows not whose it is", "ipvs/recordfile", nil, edges},
		{"the IPVS table is pure", "ipvs", []string{"ipvs/recordfile"}, edges},
		{"pool policy is pure", "ipvs/pool", []string{"ipvs", "ipvs/recordfile"}, edges},
		{"the rules are pure", "ipvs/rules", []string{"ipvs", "ipvs/recordfile"}, edges},
		{"the IPVS edge knows IPVS only", "ipvs/kernel", []string{"ipvs", "ipvs/recordfile"}, nil},
		{"the nftables edge knows rules only", "ipvs/netfilter", []string{"ipvs", "ipvs/recordfile", "ipvs/rules", "ipvs/wish"}, nil},
		{"kernel settings know nothing", "ipvs/sysctl", []string{"ipvs/recordfile", "ipvs/wish"}, edges},
		{"ipvsadm knows the kernel only", "ipvs/ipvsadm", []string{"ipvs", "ipvs/recordfile", "ipvs/kernel"}, nil},
		{"a real server knows nothing of directors", "ipvs/realserver", []string{"ipvs", "ipvs/recordfile"}, nil},
		{"connection sync knows IPVS only", "ipvs/connsync", []string{"ipvs", "ipvs/recordfile"}, nil},
		{"the lexer knows no keyword", "conf/syntax", nil, edges},
		{"templates need no kernel", "conf/template", nil, edges},
		{"the configuration needs no kernel", "conf",
			[]string{"conf/syntax", "conf/template", "vrrp", "vrrp/advert", "vrrp/track", "vrrp/bfd", "vrrp/notify", "vrrp/program", "healthcheck", "ipvs", "ipvs/recordfile", "ipvs/pool", "ipvs/connsync", "ipvs/rules", "ipvs/sysctl", "ipvs/wish"}, edges[:2]},
		{"the picture of a host knows the configuration only", "conf/host",
			[]string{"conf", "conf/syntax", "conf/template", "vrrp", "vrrp/advert", "vrrp/track", "vrrp/bfd", "vrrp/notify", "vrrp/program", "vrrp/link/ifaddr", "healthcheck", "ipvs", "ipvs/recordfile", "ipvs/pool", "ipvs/connsync", "ipvs/rules", "ipvs/sysctl", "ipvs/wish"}, nil},
		{"the lab knows nothing of tandem", "integration/lab/drill",
			[]string{"integration/lab", "integration/lab/testkernel", "integration/lab/traffic"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			out, err := exec.Command("go", "list", "-deps", module+tt.pkg).Output()
			if err != nil {
				t.Fatal("list dependencies:", err)
			}
			for dep := range strings.FieldsSeq(string(out)) {
				own, isOwn := strings.CutPrefix(dep, module)
				if isOwn && own != tt.pkg && !slices.Contains(tt.may, own) {
					t.Errorf("%s reaches %s", tt.pkg, own)
				}
				if slices.ContainsFunc(tt.never, func(n string) bool { return strings.HasPrefix(dep, n) }) {
					t.Errorf("%s reaches %s", tt.pkg, dep)
				}
			}
		})
	}
}
