package bare

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// refusedHost holds that a start ended with exit status 2 and said all the words.
func refusedHost(t *testing.T, code int, said string, words ...string) {
	t.Helper()
	if code != 2 {
		t.Errorf("it ended with exit status %d, want 2", code)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("it did not say %q:\n%s", word, said)
		}
	}
	noPanic(t, said)
}

// needNoIPVS skips where the kernel has what the test wants missing.
func needNoIPVS(t *testing.T) {
	t.Helper()
	if need, why := lab.Needs(); need == lab.Ready {
		t.Skip(why + ", so its absence cannot be tested here")
	}
}

// Without IPVS in the kernel a virtual server cannot run, and a start says so
// before it has done anything. VRRP alone needs none.
func TestKernelWithoutIPVS(t *testing.T) {
	t.Parallel()
	needNoIPVS(t)
	p := rig.New(t, lab.Options{})
	before := addresses(t, p, lab.A)
	process, log := start(t, p, write(t, one+service))
	refusedHost(t, wait(t, process).Code, log.String(), "IPVS", "modprobe ip_vs", "CONFIG_IP_VS")
	if after := addresses(t, p, lab.A); after != before {
		t.Errorf("addresses before:\n%s\nafter:\n%s", before, after)
	}

	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")
	master := p.Instance(t, lab.A, "one")
	r := p.Reload(t, lab.A, one+service).Config.LastReload
	if !r.Refused || !strings.Contains(strings.Join(r.Why, "\n"), "IPVS") {
		t.Errorf("a reload that needs IPVS went like this: %+v", r)
	}
	if after := p.Instance(t, lab.A, "one"); after.State != "MASTER" || !after.Since.Equal(master.Since) {
		t.Errorf("after the refused reload the instance is %s since %s, want MASTER since %s", after.State, after.Since, master.Since)
	}
}

// Without root it says which capability it lacks, and that it cannot read a
// file that only root may read.
func TestNotRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root: cannot become another user; run this as root")
	}
	dir, err := os.MkdirTemp("", "tandem-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	// The test's own folders are closed to other users.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "tandem")
	copyFile(t, binary, rig.Binary(), 0o755)
	open, closed := filepath.Join(dir, "open.conf"), filepath.Join(dir, "closed.conf")
	for file, mode := range map[string]os.FileMode{open: 0o644, closed: 0o600} {
		if err := os.WriteFile(file, []byte(one), mode); err != nil {
			t.Fatal(err)
		}
	}
	run := func(file string) (int, string) {
		cmd := exec.CommandContext(t.Context(), binary, "run", "-f", file, "--run-dir", filepath.Join(dir, "run"))
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: 65534, Gid: 65534},
			Cloneflags: syscall.CLONE_NEWNET, // Should it run after all, it does no harm.
		}
		said, err := cmd.CombinedOutput()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(said)
	}

	code, said := run(open)
	refusedHost(t, code, said, "CAP_NET_ADMIN", "run it as root")
	code, said = run(closed)
	if want := closed + ": fatal: "; code != 1 || !strings.Contains(said, want) || !strings.Contains(said, "permission denied") {
		t.Errorf("exit status %d, want 1, and %q because of the permission:\n%s", code, want, said)
	}
	noPanic(t, said)
}

func copyFile(t *testing.T, to, from string, mode os.FileMode) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

// A second director on the same run directory is refused and does not disturb
// the first. What a dead one left there is no obstacle.
func TestOneDirectorPerRunDirectory(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	runDir := p.Files(lab.A).RunDir
	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")
	first := p.Status(t, lab.A)

	process, log := start(t, p, write(t, one))
	refusedHost(t, wait(t, process).Code, log.String(), "another tandem", runDir, "--run-dir")
	if after := p.Status(t, lab.A); after.PID != first.PID || after.Instances[0].State != "MASTER" {
		t.Errorf("the first director is now %+v", after)
	}

	p.Kill(t, lab.A)
	leftovers, err := filepath.Glob(filepath.Join(runDir, "*"))
	if err != nil || len(leftovers) == 0 {
		t.Fatalf("kill -9 left %q in the run directory (error %v), want a socket and a lock", leftovers, err)
	}
	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")
}

// A second director with a run directory of its own is refused as well: in one
// network namespace the two would take each other's addresses away.
func TestOneDirectorPerNamespace(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")

	process, log := start(t, p, write(t, one), "--run-dir", filepath.Join(t.TempDir(), "run"))
	refusedHost(t, wait(t, process).Code, log.String(), "another tandem", "network namespace")
	if n := p.Log(lab.A).Count("removed by someone else"); n > 0 {
		t.Errorf("the first director lost its address %d times", n)
	}
}

// A run directory that cannot be one is refused in words.
func TestUnusableRunDirectories(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	for name, spoil := range map[string]func(dir string) error{
		"is a file": func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"has a folder in the socket's place": func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "control.sock", "full"), 0o755)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			process, log := start(t, p, write(t, one), "--run-dir", dir)
			refusedHost(t, wait(t, process).Code, log.String(), dir)
			if owner, err := p.Owners(p.VIP()); err != nil || owner != "" {
				t.Errorf("the VIP is at %q (error %v)", owner, err)
			}
		})
	}
}

// An interface that does not exist is waited for: the instance is in FAULT with
// a reason, the file's position is logged, and it recovers by itself.
func TestInterfaceThatAppears(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	const later, peer = "later0", "later1"
	p.Start(t, lab.A, strings.Replace(one, "interface outside", "interface "+later, 1))
	if n := p.WaitLog(t, lab.A, "level=ERROR", p.Files(lab.A).Conf+":4:15: error:", later, "does not exist"); n != 1 {
		t.Errorf("the missing interface is logged in %d lines, want 1", n)
	}
	state := func(want, reason string) func() error {
		return func() error {
			if i := p.Instance(t, lab.A, "one"); i.State != want || !strings.HasPrefix(i.Reason, reason) {
				return fmt.Errorf("it is %s because of %q", i.State, i.Reason)
			}
			return nil
		}
	}
	rig.Until(t, "the instance is in FAULT", state("FAULT", "no such interface"))
	if w := p.Status(t, lab.A).Warnings; len(w) != 1 || !strings.Contains(w[0], later) {
		t.Errorf("status warns of %q, want of %s", w, later)
	}

	h := p.Director(lab.A).Netlink()
	addLink := func() {
		t.Helper()
		link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: later}, PeerName: peer}
		a, err := netlink.ParseAddr("192.0.2.200/24")
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(h.LinkAdd(link), h.AddrAdd(link, a), h.LinkSetUp(link),
			h.LinkSetUp(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: peer}}))
		if err != nil {
			t.Fatal(err)
		}
	}
	addLink()
	rig.Until(t, "the instance is master", state("MASTER", "no master heard"))
	p.WaitOwner(t, p.VIP(), "a")

	if err := h.LinkDel(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: later}}); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, "the instance is in FAULT again", state("FAULT", "no such interface"))
	addLink()
	p.WaitOwner(t, p.VIP(), "a")
}

// A director that is stopped or dead cannot look alive.
func TestStatusOfADirectorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	p.Start(t, lab.A, one)
	p.WaitOwner(t, p.VIP(), "a")
	status := func(arg string, words ...string) {
		t.Helper()
		e := rig.Exec(t, p.Director(lab.A), rig.Binary(), "status", "--run-dir", p.Files(lab.A).RunDir, arg)
		if e.Code != 1 || e.Stdout != "" {
			t.Errorf("exit status %d, want 1, and on standard output %q", e.Code, e.Stdout)
		}
		for _, word := range words {
			if !strings.Contains(e.Stderr, word) {
				t.Errorf("it did not say %q: %s", word, e.Stderr)
			}
		}
	}
	if err := p.Process(lab.A).Pause(); err != nil {
		t.Fatal(err)
	}
	status("--json=false", "does not answer", "stopped")
	if err := p.Process(lab.A).Resume(); err != nil {
		t.Fatal(err)
	}
	p.Status(t, lab.A)
	p.Kill(t, lab.A)
	for _, arg := range []string{"--json=false", "--json"} {
		status(arg, "no tandem is running", "control.sock")
	}
}

// Two managers of one host's addresses fight; tandem says so.
func TestWarnsOfKeepalivedBesideIt(t *testing.T) {
	t.Parallel()
	needKeepalived(t)
	p := rig.New(t, lab.Options{})
	files := p.Files(lab.A)
	if err := p.WriteConfig(lab.A, one); err != nil {
		t.Fatal(err)
	}
	other := write(t, strings.NewReplacer("one", "other", "_id 51", "_id 52", "2.100", "2.101").Replace(one))
	// One process namespace holds both, as a host does.
	script := fmt.Sprintf(`keepalived --vrrp --dont-fork --log-console -f %s &
		until grep -q ^keepalived /proc/[0-9]*/comm; do sleep 0.05; done
		exec %s run -f %s --run-dir %s --state-dir %s`, other, rig.Binary(), files.Conf, files.RunDir, files.StateDir)
	log := p.Log(lab.A)
	_, err := p.Director(lab.A).Start(t.Context(), lab.Command{Argv: []string{"sh", "-c", script}, Stdout: log, Stderr: log, RunDir: files.RunDir})
	if err != nil {
		t.Fatal(err)
	}
	p.WaitLog(t, lab.A, "level=WARN", "keepalived (pid ", "beside tandem")
	p.WaitOwner(t, p.VIP(), "a")
	if w := p.Status(t, lab.A).Warnings; len(w) != 1 || !strings.Contains(w[0], "keepalived (pid ") {
		t.Errorf("status warns of %q, want of keepalived once", w)
	}
}
