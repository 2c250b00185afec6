package conf

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A large file is read while the director sends adverts, and what it costs must
// grow as the file does. Time says little on a busy machine, so what is judged
// is memory; BenchmarkLoad tells the time.

// largeFiles are texts of about n statements each, by what is much in them.
var largeFiles = []struct {
	name string
	text func(n int) string
}{
	{"real servers", largeServers},
	{"virtual servers", largeServices},
	{"instances", largeInstances},
	{"virtual addresses", largeAddresses},
	{"excluded addresses", largeExcluded},
	{"errors", largeErrors},
	{"unknown words", largeUnknown},
	{"unsupported statements", largeIdle},
	{"sync groups", largeGroups},
	{"one sync group", largeGroup},
	{"server groups", largeServerGroups},
	{"servers of one service", largeService},
	{"members of one server group", largeMembers},
	{"tracked scripts", largeScripts},
	{"peers", largePeers},
	{"firewall marks", largeMarks},
	{"pools", largePools},
}

// largeServers are n real servers in services of 250, of 250 bytes each.
func largeServers(n int) string {
	var b strings.Builder
	for i := range n {
		if i%250 == 0 {
			if i > 0 {
				b.WriteString("}\n")
			}
			fmt.Fprintf(&b, "virtual_server 192.0.%d.%d 80 {\n    delay_loop 10\n    lb_algo wlc\n    lb_kind DR\n    protocol TCP\n", i/250/250, i/250%250)
		}
		fmt.Fprintf(&b, `    real_server 10.%d.%d.%d 80 {
        # Generated from the inventory: rack 12, unit 7, server %d.
        weight %d
        inhibit_on_failure
        TCP_CHECK {
            connect_port 8080
            connect_timeout 3
            retry 2
            delay_before_retry 1
        }
    }
`, i/62500, i/250%250, i%250+1, i, i%100+1)
	}
	return b.String() + "}\n"
}

// largeServices are n services of one server each.
func largeServices(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.1 80 {\n lb_algo rr\n lb_kind DR\n protocol TCP\n real_server 192.0.2.1 80 {\n  TCP_CHECK { }\n }\n}\n", i/250, i%250)
	}
	return b.String()
}

// largeInstances are n instances of one address each.
func largeInstances(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "vrrp_instance VI_%d {\n interface eth0.%d\n virtual_router_id %d\n virtual_ipaddress { 10.%d.%d.1/24 }\n}\n", i, i/255, i%255+1, i/250, i%250)
	}
	return b.String()
}

// largeAddresses are n addresses, 255 in each instance.
func largeAddresses(n int) string {
	var b strings.Builder
	for i := range n {
		if i%255 == 0 {
			if i > 0 {
				b.WriteString(" }\n}\n")
			}
			at := i / 255
			fmt.Fprintf(&b, "vrrp_instance VI_%d {\n interface eth0.%d\n virtual_router_id %d\n virtual_ipaddress {\n", at, at/255, at%255+1)
		}
		fmt.Fprintf(&b, "  10.%d.%d.%d/24 dev eth1\n", i/62500, i/250%250, i%250+1)
	}
	return b.String() + " }\n}\n"
}

// largeExcluded are n addresses of one instance.
func largeExcluded(n int) string {
	var b strings.Builder
	b.WriteString("vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n virtual_ipaddress_excluded {\n")
	for i := range n {
		fmt.Fprintf(&b, "  10.%d.%d.%d/24\n", i/62500, i/250%250, i%250+1)
	}
	return b.String() + " }\n}\n"
}

// largeErrors are n values that cannot be.
func largeErrors(n int) string {
	return "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n" + strings.Repeat(" priority 300\n", n) + " virtual_ipaddress { 192.0.2.1 }\n}\n"
}

// largeUnknown are n words that are no keyword, each another one.
func largeUnknown(n int) string {
	var b strings.Builder
	b.WriteString("vrrp_instance A {\n")
	for i := range n {
		fmt.Fprintf(&b, " virtual_ruoter_%d 1\n", i)
	}
	return b.String() + "}\n"
}

// largeIdle are n statements without effect.
func largeIdle(n int) string {
	return "global_defs {\n" + strings.Repeat(" vrrp_priority 3\n enable_traps\n", n/2) + "}\n"
}

// largeGroups are n instances, two in each sync group.
func largeGroups(n int) string {
	var b strings.Builder
	for i := range n / 2 {
		fmt.Fprintf(&b, "vrrp_sync_group G_%d {\n group {\n  VI_%d\n  VI_%d\n }\n}\n", i, 2*i, 2*i+1)
	}
	return largeInstances(n) + b.String()
}

// largeGroup is one sync group of n instances, and a service to each.
func largeGroup(n int) string {
	var b strings.Builder
	b.WriteString("vrrp_sync_group G {\n group {\n")
	for i := range n {
		fmt.Fprintf(&b, "  VI_%d\n", i)
	}
	return largeInstances(n) + b.String() + " }\n}\n" + largeServices(n)
}

// largeServerGroups are n services by groups of one member.
func largeServerGroups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "virtual_server_group G_%d {\n 10.%d.%d.1 80\n}\nvirtual_server group G_%d {\n lb_algo rr\n lb_kind DR\n protocol TCP\n real_server 192.0.2.1 80 { }\n}\n", i, i/250, i%250, i)
	}
	return b.String()
}

// largeService is one service of n servers.
func largeService(n int) string {
	var b strings.Builder
	b.WriteString("virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_kind DR\n")
	for i := range n {
		fmt.Fprintf(&b, " real_server 10.%d.%d.1 80 {\n  TCP_CHECK { }\n }\n", i/250, i%250)
	}
	return b.String() + "}\n"
}

// largeMembers is one service of n addresses.
func largeMembers(n int) string {
	var b strings.Builder
	b.WriteString("virtual_server_group G {\n")
	for i := range n {
		fmt.Fprintf(&b, " 10.%d.%d.1 80\n", i/250, i%250)
	}
	return b.String() + "}\nvirtual_server group G {\n protocol TCP\n lb_kind DR\n real_server 192.0.2.1 80 { }\n}\n"
}

// largeScripts are n scripts, all of which one instance tracks.
func largeScripts(n int) string {
	var all, names strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "vrrp_script s_%d {\n script \"/bin/true %d\"\n interval 2\n weight 1\n}\n", i, i)
		fmt.Fprintf(&names, "  s_%d\n", i)
	}
	return all.String() + "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n track_script {\n" + names.String() + " }\n}\n"
}

// largePeers are n peers of one instance.
func largePeers(n int) string {
	var b strings.Builder
	b.WriteString("vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n unicast_peer {\n")
	for i := range n {
		fmt.Fprintf(&b, "  10.%d.%d.1\n", i/250, i%250)
	}
	return b.String() + " }\n}\n"
}

// largeMarks are n services by mark.
func largeMarks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "virtual_server fwmark %d {\n mark_match 10.%d.%d.1 tcp 80\n lb_kind DR\n real_server 192.0.2.1 80 { }\n}\n", i+1, i/250, i%250)
	}
	return b.String()
}

// largePools are n services of FULLNAT, with an instance and a pool for each.
func largePools(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.1 80 {\n protocol TCP\n lb_kind FULLNAT\n snat_pool 172.16.%d.%d\n real_server 192.0.2.1 80 { }\n}\n", i/250, i%250, i/250, i%250+1)
	}
	return largeInstances(n) + b.String()
}

// TestLargeFiles holds that twice the file costs twice the memory at most, that
// what it costs is in proportion to its size, and that what a Config keeps of
// it is less.
func TestLargeFiles(t *testing.T) {
	for _, tt := range largeFiles {
		t.Run(tt.name, func(t *testing.T) {
			small, large := []byte(tt.text(500)), []byte(tt.text(2000))
			before, after := allocated(small)/float64(len(small)), allocated(large)/float64(len(large))
			t.Logf("%.1f bytes allocated per byte of %d, %.1f per byte of %d", before, len(small), after, len(large))
			if after > 1.3*before {
				t.Errorf("a file of 4 times the size allocates %.1f times as much per byte", after/before)
			}
		})
	}
}

// TestLargePairs holds the same of what is done with two files: each instance
// fails alone, and what fails is compared with what it touches.
func TestLargePairs(t *testing.T) {
	for _, tt := range largeFiles {
		if tt.name == "one sync group" {
			continue // Each failure is one of all its members: what is told is as much.
		}
		file := func(n int) *File { f, _ := ReadText("f", []byte(tt.text(n)), Options{}); return f }
		small, large := file(500), file(2000)
		for what, do := range map[string]func(f *File){
			"Against":  func(f *File) { Against(f, f) },
			"Simulate": func(f *File) { Simulate(f, f) },
			"Explain":  func(f *File) { f.Explain() },
		} {
			before, after := allocates(func() { do(small) }), allocates(func() { do(large) })
			t.Logf("%s, %s: %.0f bytes allocated, %.0f for 4 times the size", what, tt.name, before, after)
			if after > 1.3*4*before+1e5 {
				t.Errorf("%s of %s: 4 times the size allocates %.1f times as much", what, tt.name, after/before)
			}
		}
	}
}

// allocated is how many bytes a load of the text takes in all.
func allocated(src []byte) float64 { return allocates(func() { Parse("f", src) }) }

func allocates(do func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// kept is how many bytes stay in use of what a load gives.
func kept[T any](load func() T) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	it := load()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(it)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// TestKept holds that a Config keeps less than the File that it is of.
func TestKept(t *testing.T) {
	src := []byte(largeServers(8000))
	config := kept(func() Config { c, _ := Parse("f", src); return c }) / float64(len(src))
	file := kept(func() *File { f, _ := ReadText("f", src, Options{}); return f }) / float64(len(src))
	t.Logf("of a byte a Config keeps %.1f and a File %.1f", config, file)
	if config > 3 {
		t.Errorf("a Config keeps %.1f bytes for each byte of the file", config)
	}
}

func BenchmarkLoad(b *testing.B) {
	const n = 20000
	for _, tt := range largeFiles {
		b.Run(strings.ReplaceAll(tt.name, " ", "-"), func(b *testing.B) {
			src := []byte(tt.text(n))
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Parse("f", src)
			}
			b.ReportMetric(allocated(src)/float64(len(src)), "B/byte")
		})
	}
}
