package ipvsadm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// program is one of the two that are compared.
type program struct {
	name string
	path map[string]string // by the name it is called by
	env  []string
}

// programs are the original and ours; it skips without the original.
func programs(t *testing.T) (original, ours program) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces take root")
	}
	original = program{name: "the original", path: map[string]string{}}
	ours = program{name: "ours", path: map[string]string{}, env: append(os.Environ(), asCommand+"=1")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%v; make test installs it", err)
		}
		original.path[name] = path
		ours.path[name] = filepath.Join(dir, name)
		if err := os.Symlink(self, ours.path[name]); err != nil {
			t.Fatal(err)
		}
	}
	return original, ours
}

// outcome is what a command did.
type outcome struct {
	Stdout string
	Exit   int
	Table  string // in the kernel, afterwards
	stderr string
}

// run runs a program in the namespaces of this thread.
func (p program) run(t *testing.T, name, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.path[name], args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v", p.name, args, err)
	}
	return outcome{Stdout: out.String(), Exit: cmd.ProcessState.ExitCode(), stderr: errs.String()}
}

// hosts are the names that the cases know.
const hosts = `127.0.0.1 localhost
192.168.98.128 director.test director
172.25.136.11 web1.test web1
172.25.136.12 web2.test
2001:db8::80 director6.test
2001:db8::81 a-very-long-host-name-for-an-ipv6-address.test
10.9.9.9 a-very-long-host-name-for-an-ipv4-address.test
192.0.2.7 four.test
2001:db8::77 six.test
`

// fresh moves this thread into new namespaces with lo up, with an IPVS table
// of their own and with the names above.
func fresh(t *testing.T, dummies bool) *kernel.Kernel {
	t.Helper()
	// Never unlocked: the thread and its namespaces end with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		t.Fatalf("make namespaces: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(file, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	up(t, "lo")
	if dummies {
		for _, name := range []string{"eth0", "eth1"} {
			if err := netlink.LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: name}}); err != nil {
				t.Fatal(err)
			}
			up(t, name)
		}
	}
	k, err := kernel.Open(t.Context())
	if errors.Is(err, ipvs.ErrNoIPVS) {
		t.Skipf("%v; make test runs this in the test kernel", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func up(t *testing.T, name string) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
}

// state is the kernel's table, timeouts and daemons in words.
func state(t *testing.T, k *kernel.Kernel) string {
	t.Helper()
	list, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	timeouts, err := k.Timeouts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	daemons, err := k.Daemons(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "%+v\n", l)
	}
	fmt.Fprintf(&b, "%v %+v\n", timeouts, daemons)
	return b.String()
}

// step is one command of a case.
type step struct {
	Prog      string
	Args      string
	Stdin     string
	StdinFrom int    `json:"stdin_from"`
	Stdout    string // how to compare it; empty: to the byte
	Exit      int
	Want      *string // what was measured, where it was
}

// witnessCase is a sequence of commands from an empty table.
type witnessCase struct {
	ID    string
	Setup []string
	Net   string
	Steps []step
}

// play does a case with one program.
func (c *witnessCase) play(t *testing.T, p program) (outcomes []outcome) {
	t.Helper()
	k := fresh(t, c.Net != "")
	if len(c.Setup) > 0 {
		if o := p.run(t, "ipvsadm", strings.Join(c.Setup, "\n")+"\n", "-R"); o.Exit != 0 {
			t.Errorf("%s: setup: status %d: %s", p.name, o.Exit, o.stderr)
		}
	}
	for _, s := range c.Steps {
		stdin := s.Stdin
		if s.StdinFrom > 0 {
			stdin = outcomes[s.StdinFrom-1].Stdout
		}
		name := "ipvsadm"
		if s.Prog != "" {
			name += "-" + s.Prog
		}
		o := p.run(t, name, stdin, shellWords(s.Args)...)
		o.Table = state(t, k)
		if s.Stdout == "nonempty" || strings.HasPrefix(s.Stdout, "re:") {
			o.Stdout = fmt.Sprint(o.Stdout != "")
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// compare plays a case with both programs.
func (c *witnessCase) compare(t *testing.T, original, ours program) (same bool) {
	want := inThread(t, func() []outcome { return c.play(t, original) })
	got := inThread(t, func() []outcome { return c.play(t, ours) })
	same = true
	for i := range min(len(want), len(got)) {
		if d := cmp.Diff(want[i], got[i], cmp.AllowUnexported(outcome{}), cmp.FilterPath(
			func(p cmp.Path) bool { return p.Last().String() == ".stderr" }, cmp.Ignore())); d != "" {
			same = false
			t.Errorf("%s, after %q (-original +ours):\n%s\nThe original says %q, ours %q", c.ID, c.Steps[i].Args, d, want[i].stderr, got[i].stderr)
		}
		if w := c.Steps[i].Want; w != nil && c.Steps[i].Stdout == "" && *w != got[i].Stdout && !strings.Contains(*w, "a-very-long") {
			same = false
			t.Errorf("%s: %q is not as measured:\n%s", c.ID, c.Steps[i].Args, cmp.Diff(*w, got[i].Stdout))
		}
	}
	return same
}

// inThread runs f in a goroutine, and so in a thread, of its own.
func inThread[T any](t *testing.T, f func() T) (result T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		result = f()
	}()
	<-done
	return result
}

// shellWords splits at blanks; a word may be in single quotes.
func shellWords(s string) (words []string) {
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		word, quoted := "", false
		for s != "" && (quoted || s[0] != ' ') {
			if s[0] == '\'' {
				quoted = !quoted
			} else {
				word += s[:1]
			}
			s = s[1:]
		}
		words = append(words, word)
	}
	return words
}

// Every case that was measured, again and live.
func TestMeasuredCases(t *testing.T) {
	original, ours := programs(t)
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []witnessCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	agree := 0
	for _, c := range cases {
		if c.compare(t, original, ours) {
			agree++
		}
	}
	t.Logf("%d of %d measured cases agree", agree, len(cases))
}
