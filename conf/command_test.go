package conf

import (
	"testing"

	"github.com/tandem-ha/tandem/conf/syntax"
)

func TestArgument(t *testing.T) {
	tests := []struct {
		name, user, group, want string
	}{
		{"nobody", "", "", ""},
		{"a user", "nobody", "", ""},
		{"a user and a group", "keepalived_script", "nogroup", ""},
		{"a group with its colon", "root", ":adm", ""},
		{"a user by number", "1000", "", ""},
		{"a state", "MASTER", "", "MASTER"},
		{"an option", "-v", "", "-v"},
		{"a path", "/etc/x", "", "/etc/x"},
		{"a file", "notify.conf", "", "notify.conf"},
		{"a setting", "state=up", "", "state=up"},
		{"a second word", "vip", "BACKUP", "BACKUP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := argument(syntax.Command{User: tt.user, Group: tt.group}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
