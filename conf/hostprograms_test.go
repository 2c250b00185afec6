package conf

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// someHost resolves programs by their paths.
func someHost(c program.Command, p program.Policy) (program.Resolved, error) {
	switch c.Args[0] {
	case "/missing":
		return program.Resolved{}, &program.Refusal{Why: program.NotFound, Command: c, Message: "there is no /missing"}
	case "/unsafe":
		if p.Secure {
			return program.Resolved{}, &program.Refusal{Why: program.Unsafe, Command: c, Message: "somebody else could change it", Hint: "chmod go-w /unsafe"}
		}
		return program.Resolved{Warnings: []string{"somebody else could change /unsafe"}}, nil
	}
	if c.User == "nobody" {
		return program.Resolved{Account: program.Account{UID: 65534}}, nil
	}
	return program.Resolved{}, nil
}

func TestPipesOnHost(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(dir+"/file", nil, 0o600), syscall.Mkfifo(dir+"/pipe", 0o600), os.Symlink("pipe", dir+"/link")); err != nil {
		t.Fatal(err)
	}
	h := directorHost()
	h.Lstat = os.Lstat
	for name, tt := range map[string]struct{ path, want string }{
		"a pipe":        {dir + "/pipe", ""},
		"nothing yet":   {dir + "/none", ""},
		"a file":        {dir + "/file", "is no named pipe on this host but a file: nothing is written to it (remove it, or name another path)\n"},
		"a link to one": {dir + "/link", "but a symbolic link"},
		"a directory":   {dir, "but a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := ReadText("a.conf", []byte("global_defs {\n    vrrp_notify_fifo "+tt.path+"\n}\n"), Options{Host: h})
			got := shortest(f.OnHost(h))
			if prefix := "2:5: error: global_defs: vrrp_notify_fifo " + tt.path + " "; tt.want != "" && !strings.HasPrefix(got, prefix) || !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestProgramsOnHost(t *testing.T) {
	const instance = "vrrp_instance A {\n    interface eth0\n    virtual_router_id 5\n    virtual_ipaddress {\n        198.51.100.80/24\n    }\n"
	tests := []struct{ name, text, want string }{
		{"all is well", "global_defs {\n    enable_script_security\n}\n" + instance + "    notify /good\n}\n", ""},
		{"run as another", instance + "    notify /good nobody\n}\n", ""},
		{"a program is missing", instance + "    notify_master \"/missing a\" nobody\n    notify_backup /missing nobody\n}\n",
			"7:5: error: vrrp_instance A: notify_master is not run: there is no /missing (and in 1 other place)\n"},
		{"one of a script is missing", "vrrp_script S {\n    script \"/missing\" nobody\n}\n" + instance + "}\n",
			"2:5: error: vrrp_script S: script is not run: there is no /missing\n"},
		{"one that reads a pipe", "global_defs {\n    notify_fifo /run/x\n    notify_fifo_script /missing\n}\n" + instance + "}\n",
			"3:5: error: global_defs: notify_fifo_script is not run: there is no /missing\n"},
		{"one of a group is unsafe", "global_defs {\n    enable_script_security\n}\nvrrp_sync_group G {\n    group {\n        A\n    }\n    notify_fault /unsafe\n}\n" + instance + "}\n",
			"8:5: error: vrrp_sync_group G: notify_fault is not run: somebody else could change it (chmod go-w /unsafe)\n"},
		{"unsafe, and nobody asks", instance + "    notify_master /unsafe\n}\n",
			"7:5: warning: vrrp_instance A: notify_master: somebody else could change /unsafe\n" +
				"7:5: note: vrrp_instance A: notify_master and perhaps others run as root, and nothing sees to it that nobody else can change them (write enable_script_security in global_defs)\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := directorHost()
			h.Resolve = someHost
			f, found := ReadText("a.conf", []byte(tt.text), Options{Host: h})
			if refused(found) {
				t.Fatal(lines(found))
			}
			if diff := cmp.Diff(tt.want, shortest(f.OnHost(h))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
