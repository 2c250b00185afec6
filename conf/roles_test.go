package conf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

// TestRoleDefaults: what an instance that says nothing of state or priority is.
func TestRoleDefaults(t *testing.T) {
	tests := []struct {
		name, says string
		priority   uint8
	}{
		{"K-18 P-11 neither", "", 100},
		{"K-18 state BACKUP", "state BACKUP", 100},
		{"K-18 state MASTER", "state MASTER", vrrp.PriorityOwner},
		{"K-16 K-18 state MASTER and a priority", "state MASTER\npriority 150", 150},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := readText(t, "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n"+tt.says+"\nvirtual_ipaddress {\n10.20.0.99/24\n}\n}\n")
			if got := f.Config().VRRP.Instances[0].Priority; got != tt.priority {
				t.Errorf("priority %d, want %d", got, tt.priority)
			}
		})
	}
}

// TestFirstAddressOverIPv6: RFC 9568 wants a link-local one, keepalived only
// where it is strict.
func TestFirstAddressOverIPv6(t *testing.T) {
	const text = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nversion 3\nvirtual_ipaddress {\n2001:db8::99/64\n}\n}\n"
	for name, tt := range map[string]struct {
		before string
		want   string
	}{
		"K-42 P-17 a warning":          {"", "warning: vrrp_instance VI_1: the first virtual address, 2001:db8::99, is not link-local"},
		"K-42 P-17 an error if strict": {"global_defs {\nvrrp_strict\n}\n", "error: vrrp_instance VI_1: the first virtual address, 2001:db8::99, is not link-local"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := ReadText("keepalived.conf", []byte(tt.before+text), Options{})
			if all := fmt.Sprint(found); !strings.Contains(all, tt.want) {
				t.Errorf("it says\n%s", all)
			}
		})
	}
}
