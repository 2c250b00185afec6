package program

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// needRoot skips tests that change owners.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// script writes a program of the shell and returns its path.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	write(t, path, "#!/bin/sh\n"+body+"\n", 0o755)
	return path
}

func write(t *testing.T, path, body string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(body), mode); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(path, mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes a folder that every account can enter.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
	return dir
}

func TestResolve(t *testing.T) {
	needRoot(t)
	secure := Policy{User: "root", Secure: true}
	tests := []struct {
		name   string
		policy Policy
		user   string
		make   func(t *testing.T, dir string) (path string)
		why    Why      // 0: it runs
		says   []string // all of them in the message, with DIR for the folder
	}{
		{"a script of root in folders of root", secure, "", func(t *testing.T, dir string) string { return script(t, dir, "x", "") }, 0, nil},
		{"no such file", secure, "", func(_ *testing.T, dir string) string { return dir + "/x" }, NotFound, []string{"there is no DIR/x"}},
		{"no such folder on the way", secure, "", func(_ *testing.T, dir string) string { return dir + "/a/b/x" }, NotFound, []string{"there is no DIR/a/b/x: DIR/a does not exist"}},
		{"a directory", secure, "", func(_ *testing.T, dir string) string { return dir }, NotExecutable, []string{"DIR is a directory"}},
		{"no mode to execute", secure, "", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "#!/bin/sh\n", 0o644)
			return dir + "/x"
		}, NotExecutable, []string{"DIR/x is not executable (mode 0644)", "chmod +x DIR/x"}},
		{"not for this account", Policy{}, "nobody", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "#!/bin/sh\n", 0o700)
			return dir + "/x"
		}, NoAccess, []string{"nobody may not execute DIR/x", "owner 0, group 0, mode 0700"}},
		{"a folder closed to this account", Policy{}, "nobody", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o700))
			return script(t, dir+"/in", "x", "")
		}, NoAccess, []string{"nobody cannot enter DIR/in", "chmod o+x DIR/in"}},
		{"the script is somebody's", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Chown(script(t, dir, "x", ""), 65534, 0))
			return dir + "/x"
		}, Unsafe, []string{"somebody else could change it", "DIR/x is not root's", "owner 65534", "chown -h root DIR/x"}},
		{"the script is writable by everybody", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Chmod(script(t, dir, "x", ""), 0o757))
			return dir + "/x"
		}, Unsafe, []string{"DIR/x is writable by everybody", "mode 0757", "chmod go-w DIR/x"}},
		{"the script is writable by a group", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Chown(script(t, dir, "x", ""), 0, 65534))
			must(t, os.Chmod(dir+"/x", 0o775))
			return dir + "/x"
		}, Unsafe, []string{"DIR/x is writable by group 65534"}},
		{"writable by root's group is nobody else", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Chmod(script(t, dir, "x", ""), 0o775))
			return dir + "/x"
		}, 0, nil},
		{"a folder on the way is somebody's", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o755))
			must(t, os.Chown(dir+"/in", 65534, 0))
			return script(t, dir+"/in", "x", "")
		}, Unsafe, []string{"DIR/in is not root's"}},
		{"a folder on the way is writable by everybody", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o755))
			must(t, os.Chmod(dir+"/in", 0o777))
			return script(t, dir+"/in", "x", "")
		}, Unsafe, []string{"DIR/in is writable by everybody"}},
		{"the same with a sticky bit, as /tmp", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o755))
			must(t, os.Chmod(dir+"/in", 0o777|fs.ModeSticky))
			return script(t, dir+"/in", "x", "")
		}, 0, nil},
		{"a link of somebody's on the way", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o755))
			must(t, os.Symlink("in", dir+"/link"))
			must(t, os.Lchown(dir+"/link", 65534, 0))
			script(t, dir+"/in", "x", "")
			return dir + "/link/x"
		}, Unsafe, []string{"DIR/link is not root's"}},
		{"a link into an unsafe folder", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Mkdir(dir+"/in", 0o755))
			must(t, os.Chmod(dir+"/in", 0o777))
			script(t, dir+"/in", "x", "")
			must(t, os.Symlink(dir+"/in/x", dir+"/x"))
			return dir + "/x"
		}, Unsafe, []string{"DIR/in is writable by everybody"}},
		{"a link that leads nowhere", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Symlink("gone", dir+"/x"))
			return dir + "/x"
		}, NotFound, []string{"there is no DIR/x: DIR/gone does not exist"}},
		{"a link to itself", secure, "", func(t *testing.T, dir string) string {
			must(t, os.Symlink("x", dir+"/x"))
			return dir + "/x"
		}, NotFound, []string{"more than 40 symbolic links"}},
		{"an unsafe interpreter", secure, "", func(t *testing.T, dir string) string {
			write(t, dir+"/sh", "\x7fELF", 0o757)
			write(t, dir+"/x", "#!"+dir+"/sh -e\n", 0o755)
			return dir + "/x"
		}, Unsafe, []string{"DIR/sh is writable by everybody"}},
		{"an interpreter that is missing", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "#! "+dir+"/interp -e\n", 0o755)
			return dir + "/x"
		}, NotFound, []string{"the interpreter of DIR/x is missing: there is no DIR/interp"}},
		{"the loader of another C library", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", loadedBy(dir+"/ld.so"), 0o755)
			return dir + "/x"
		}, NotFound, []string{"the interpreter of DIR/x is missing: there is no DIR/ld.so"}},
		{"a loader that is there", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", loadedBy("/bin/sh"), 0o755)
			return dir + "/x"
		}, 0, nil},
		{"a script from Windows", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "#!/bin/sh\r\nexit 0\r\n", 0o755)
			return dir + "/x"
		}, NotFound, []string{"the lines of DIR/x end as those of Windows do", `no interpreter called "/bin/sh\r"`, `sed -i 's/\r$//' DIR/x`}},
		{"no interpreter behind #!", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "#! \nexit 0\n", 0o755)
			return dir + "/x"
		}, NotExecutable, []string{"the first line of DIR/x names no interpreter"}},
		{"an empty file", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "", 0o755)
			return dir + "/x"
		}, NotExecutable, []string{"DIR/x is empty"}},
		{"no executable format", Policy{}, "root", func(t *testing.T, dir string) string {
			write(t, dir+"/x", "MZ\x90\x00\x03", 0o755)
			return dir + "/x"
		}, NotExecutable, []string{"DIR/x is neither a script nor a program"}},
		{"unsafe, and run as nobody", Policy{Secure: true}, "nobody", func(t *testing.T, dir string) string {
			must(t, os.Chown(script(t, dir, "x", ""), 65534, 0))
			return dir + "/x"
		}, 0, nil},
		{"an unknown user", Policy{}, "nosuchuser", func(t *testing.T, dir string) string { return script(t, dir, "x", "") },
			NoAccount, []string{"there is no user nosuchuser on this host (add the user, or name another one)"}},
		{"a relative path", secure, "", func(*testing.T, string) string { return "bin/x" }, NotFound, []string{"no working directory"}},
		{"not in PATH", secure, "", func(*testing.T, string) string { return "nosuchprogram" }, NotFound, []string{"there is no nosuchprogram in "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := open(t)
			path := tt.make(t, dir)
			_, err := Resolve(Command{Line: path, Args: []string{path}, User: tt.user}, tt.policy)
			var refusal *Refusal
			errors.As(err, &refusal)
			switch {
			case tt.why == 0 && err != nil:
				t.Fatal("refused:", err)
			case tt.why == 0:
				return
			case refusal == nil || refusal.Why != tt.why:
				t.Fatalf("got %v, want a refusal for %s", err, tt.why)
			}
			for _, says := range tt.says {
				if says = strings.ReplaceAll(says, "DIR", dir); !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
}

// loadedBy is the beginning of a 64-bit program that wants a loader.
func loadedBy(loader string) string {
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	size := uint64(len(loader) + 1)
	p := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: 64 + 56, Filesz: size, Memsz: size}
	_ = binary.Write(&b, binary.LittleEndian, h) // into memory
	_ = binary.Write(&b, binary.LittleEndian, p)
	return b.String() + loader + "\x00"
}

// TestInsecureIsWarned: without enable_script_security the program runs, and
// the operator is told what could happen.
func TestInsecureIsWarned(t *testing.T) {
	needRoot(t)
	path := script(t, open(t), "x", "")
	must(t, os.Chmod(path, 0o777))
	r, err := Resolve(Command{Args: []string{path}}, Policy{User: "root"})
	must(t, err)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "enable_script_security would refuse it") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestArguments(t *testing.T) {
	dir := open(t)
	real := script(t, dir, "real", "")
	must(t, os.Mkdir(dir+"/in", 0o755))
	must(t, os.Symlink("../real", dir+"/in/other"))
	must(t, os.Symlink("in", dir+"/link"))
	script(t, dir+"/in", "x", "")
	write(t, dir+"/plain", "echo hello\n", 0o755)
	t.Setenv("PATH", dir)
	tests := []struct {
		name string
		args []string
		keep bool
		path string
		want []string
	}{
		{"a path is kept", []string{real, "a b", "c"}, false, real, []string{real, "a b", "c"}},
		{"a link to a folder is followed", []string{dir + "/link/x"}, false, dir + "/in/x", []string{dir + "/in/x"}},
		{"use_symlink_paths keeps it", []string{dir + "/link/x"}, true, dir + "/in/x", []string{dir + "/link/x"}},
		{"a link with another name elsewhere is followed", []string{dir + "/in/other"}, false, real, []string{real}},
		{"a bare name is found in PATH", []string{"real", "a"}, false, real, []string{real, "a"}},
		{"a script without #! is the shell's", []string{dir + "/plain", "a"}, false, "/bin/sh", []string{"/bin/sh", dir + "/plain", "a"}},
		{"a redirection tells whether a file can be read", []string{"<", "/etc/x"}, false, "/bin/sh", []string{"/bin/sh", "-c", `: <"$1"`, "sh", "/etc/x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Resolve(Command{Args: tt.args}, Policy{KeepSymlinks: tt.keep})
			must(t, err)
			if r.Path != tt.path {
				t.Errorf("path %s, want %s", r.Path, tt.path)
			}
			if d := cmp.Diff(tt.want, r.Args); d != "" {
				t.Error(d)
			}
		})
	}
}

// table is a host with few accounts.
type table struct{ own bool } // own: it has DefaultUser

func (a table) user(name string) (*user.User, error) {
	switch {
	case name == "bob":
		return &user.User{Uid: "1000", Gid: "1001", Username: "bob"}, nil
	case name == DefaultUser && a.own:
		return &user.User{Uid: "990", Gid: "991", Username: DefaultUser}, nil
	}
	return nil, user.UnknownUserError(name)
}
func (table) userByID(id string) (*user.User, error) {
	if id == "1000" {
		return &user.User{Uid: "1000", Gid: "1001", Username: "bob"}, nil
	}
	return nil, user.UnknownUserError(id)
}
func (table) group(name string) (*user.Group, error) {
	if name == "adm" {
		return &user.Group{Gid: "4"}, nil
	}
	return nil, user.UnknownGroupError(name)
}
func (table) groupsOf(*user.User) ([]string, error) { return []string{"1001", "4", "27"}, nil }

func TestAccount(t *testing.T) {
	self := Account{Name: "uid " + id(uint32(os.Geteuid())), UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Groups: []uint32{uint32(os.Getegid())}}
	tests := []struct {
		name        string
		user, group string
		policy      Policy
		host        table
		want        Account
		refused     string
	}{
		{"nothing is said: ourselves", "", "", Policy{}, table{}, self, ""},
		{"nothing is said, and there is keepalived_script", "", "", Policy{}, table{own: true}, Account{DefaultUser, 990, 991, []uint32{991}}, ""},
		{"script_user goes before keepalived_script", "", "", Policy{User: "bob", Group: "adm"}, table{own: true}, Account{"bob", 1000, 4, []uint32{4}}, ""},
		{"the statement goes before script_user, with its own group", "bob", "", Policy{User: "x", Group: "adm"}, table{}, Account{"bob", 1000, 1001, []uint32{1001}}, ""},
		{"a group with a colon", "bob", ":adm", Policy{}, table{}, Account{"bob", 1000, 4, []uint32{4}}, ""},
		{"by number", "1000", "4", Policy{}, table{}, Account{"1000", 1000, 4, []uint32{4}}, ""},
		{"a number that is in no table", "4711", "", Policy{}, table{}, Account{"4711", 4711, 4711, []uint32{4711}}, ""},
		{"set_supplementary_groups", "bob", "", Policy{Supplementary: true}, table{}, Account{"bob", 1000, 1001, []uint32{1001, 4, 27}}, ""},
		{"security asks who it is", "", "", Policy{Secure: true}, table{}, Account{}, "wants to be told who runs programs"},
		{"security is content with keepalived_script", "", "", Policy{Secure: true}, table{own: true}, Account{DefaultUser, 990, 991, []uint32{991}}, ""},
		{"no such group", "bob", "nix", Policy{}, table{}, Account{}, "there is no group nix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refusal := account(Command{User: tt.user, Group: tt.group}, tt.policy, tt.host)
			if tt.refused != "" {
				if refusal == nil || !strings.Contains(refusal.Message, tt.refused) {
					t.Fatalf("got %v, want a refusal with %q", refusal, tt.refused)
				}
				return
			}
			if refusal != nil {
				t.Fatal(refusal)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
