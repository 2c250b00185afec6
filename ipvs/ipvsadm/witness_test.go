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
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// program is one of the two that are compared.
type program struct {
	name string
	path map[string]string // by the name it is called by; empty: in this process
}

// findOriginal is Debian's program; it skips without one.
func findOriginal(t *testing.T) program {
	t.Helper()
	p := program{"the original", map[string]string{}}
	for _, name := range []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%v; make test installs it", err)
		}
		p.path[name] = path
	}
	return p
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
	if p.path == nil {
		exit := Run(t.Context(), Invocation{Name: name, Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs})
		return outcome{Stdout: out.String(), Exit: exit, stderr: errs.String()}
	}
	cmd := exec.CommandContext(t.Context(), p.path[name], args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
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
func fresh(t *testing.T) *kernel.Kernel {
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
	k, err := kernel.Open(t.Context())
	if errors.Is(err, ipvs.ErrNoIPVS) {
		t.Skipf("%v; make test runs this in the test kernel", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	for _, name := range []string{"eth0", "eth1"} {
		if err := netlink.LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: name}}); err != nil {
			t.Fatal(err)
		}
		up(t, name)
	}
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
	Steps []step
}

// bench is the place where both programs are tried, one after the other: the
// order in which the kernel lists services differs between namespaces.
type bench struct {
	kernel         *kernel.Kernel
	original, ours program
}

func newBench(t *testing.T) *bench {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces take root")
	}
	original := findOriginal(t)
	return &bench{fresh(t), original, program{name: "ours"}}
}

// reset makes the table empty and all else as it is in a new namespace.
func (b *bench) reset(t *testing.T) {
	t.Helper()
	if err := b.kernel.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, role := range []ipvs.Role{ipvs.SyncMaster, ipvs.SyncBackup} {
		if err := b.kernel.StopDaemon(t.Context(), ipvs.Daemon{Role: role}); err != nil && !errors.Is(err, ipvs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	const s = time.Second
	if err := b.kernel.SetTimeouts(t.Context(), ipvs.Timeouts{TCP: 900 * s, TCPFin: 120 * s, UDP: 300 * s}); err != nil {
		t.Fatal(err)
	}
}

// play does a case with one program.
func (b *bench) play(t *testing.T, p program, c *witnessCase) (outcomes []outcome) {
	t.Helper()
	b.reset(t)
	if len(c.Setup) > 0 {
		if o := b.ours.run(t, "ipvsadm", strings.Join(c.Setup, "\n")+"\n", "-R"); o.Exit != 0 {
			t.Errorf("setup: status %d: %s", o.Exit, o.stderr)
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
		o.Table = state(t, b.kernel)
		if strings.HasPrefix(o.Stdout, "ipvsadm v") { // Help and version are ours.
			o.Stdout = fmt.Sprint(o.Stdout != "")
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// compare plays a case with both programs, and says what the original did and
// whether ours did the same.
func (b *bench) compare(t *testing.T, c *witnessCase) (want []outcome, same bool) {
	t.Helper()
	want = b.play(t, b.original, c)
	got := b.play(t, b.ours, c)
	same = true
	for i := range want {
		d := cmp.Diff(want[i].Stdout, got[i].Stdout)
		if want[i].Exit != got[i].Exit {
			d += fmt.Sprintf("status %d, ours %d\n", want[i].Exit, got[i].Exit)
		}
		if want[i].Table != got[i].Table {
			d += "the tables differ: " + cmp.Diff(want[i].Table, got[i].Table)
		}
		if d != "" {
			same = false
			t.Errorf("%s, after %q (-original +ours):\n%s\nThe original says %q, ours %q", c.ID, c.Steps[i].Args, d, want[i].stderr, got[i].stderr)
		}
		w := c.Steps[i].Want
		if w != nil && c.Steps[i].Stdout == "" && *w != got[i].Stdout && !strings.Contains(*w, "a-very-long") {
			same = false
			t.Errorf("%s: %q is not as measured:\n%s", c.ID, c.Steps[i].Args, cmp.Diff(*w, got[i].Stdout))
		}
	}
	return want, same
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
	b := newBench(t)
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
		if _, same := b.compare(t, &c); same {
			agree++
		}
	}
	t.Logf("%d of %d measured cases agree", agree, len(cases))
}
