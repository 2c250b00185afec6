package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

// NoKernelEnv is the environment variable that, set to 1, skips what needs
// IPVS where the machine has neither IPVS nor a test kernel.
const NoKernelEnv = "TANDEM_NO_KERNEL"

// MaybeInit turns the process into one of the lab's re-executed forms (the test
// kernel's launcher and first process, the first process of a Command) where it
// was started as one, and then never returns. Every program that uses the lab
// calls it before anything else in main.
func MaybeInit() {
	testkernel.MaybeInit()
	if os.Args[0] == nannyName {
		nanny()
	}
}

// Need says what a program that wants a lab must do on this machine.
type Need int

// The answers.
const (
	Ready    Need = iota // Build the lab here.
	Boot                 // Run this program again with Rerun.
	NotRoot              // Neither is possible without root.
	Missing              // Root, but no IPVS and no test kernel installed.
	Unwanted             // TANDEM_NO_KERNEL=1.
	TooLarge             // Built with the race detector, for which the test kernel has no room.
)

// String returns a word for the answer.
func (n Need) String() string {
	return name([]string{"ready", "boot", "not root", "missing", "unwanted", "too large"}, int(n))
}

// Needs reports what this machine can do for a lab that needs IPVS, and the
// reason in words with what to do about it.
func Needs() (Need, string) { return NeedsOf(testkernel.UserMode) }

// NeedsOf is Needs for a lab that needs what this test kernel has: IPVS, and
// nftables too where it is testkernel.Complete.
func NeedsOf(k testkernel.Kernel) (Need, string) {
	if os.Geteuid() != 0 {
		return NotRoot, "not root: the lab is made of network namespaces; run this as root"
	}
	what := "IPVS"
	have, err := testkernel.HaveIPVS()
	if k == testkernel.Complete {
		what = "IPVS with nftables"
		have = have && testkernel.HaveNFTables()
	}
	switch {
	case err != nil:
		return Missing, err.Error()
	case have:
		return Ready, "this kernel has " + what
	case testkernel.Inside():
		return Missing, "this test kernel has no " + what
	case os.Getenv(NoKernelEnv) == "1":
		return Unwanted, "this kernel has no " + what + " and " + NoKernelEnv + "=1 wants no test kernel; unset it to run this"
	case raceDetector:
		return TooLarge, "the test kernel has no room for the race detector's memory; run this without -race"
	}
	if err := k.Installed(); err != nil {
		return Missing, "this kernel has no " + what + "; " + err.Error()
	}
	return Boot, "this kernel has no " + what + "; the test kernel has"
}

// Rerun runs a program in a test kernel, by default this one with its own
// arguments: the way for a main that got Boot from Needs. It returns the exit
// code.
func Rerun(ctx context.Context, o testkernel.Options) (int, error) {
	if o.Argv == nil {
		self, err := os.Executable()
		if err != nil {
			return 0, fmt.Errorf("find this program: %w", err)
		}
		o.Argv = append([]string{self}, os.Args[1:]...)
	}
	return testkernel.Run(ctx, o)
}

// exitRefused is the exit code of Main where tests cannot run as they should.
const exitRefused = 2

// Main is the TestMain of a package whose tests need a lab:
//
//	func TestMain(m *testing.M) { lab.Main(m) }
//
// As root it runs the tests here where the kernel has IPVS, else the same test
// binary with the same flags in a test kernel. It never returns.
func Main(m interface{ Run() int }) {
	MaybeInit()
	flag.Parse()
	need, why := Needs()
	if need == Missing {
		fmt.Fprintf(os.Stderr, "%s (or set %s=1 to skip the tests that need it)\n", why, NoKernelEnv)
		os.Exit(exitRefused)
	}
	runTests(m, testkernel.UserMode, need)
}

// MainComplete is Main for a package whose tests need nftables beside IPVS and
// call RequireComplete. They skip where the complete test kernel is missing: it
// is not to be had on every machine.
func MainComplete(m interface{ Run() int }) {
	MaybeInit()
	flag.Parse()
	need, _ := NeedsOf(testkernel.Complete)
	runTests(m, testkernel.Complete, need)
}

func runTests(m interface{ Run() int }, k testkernel.Kernel, need Need) {
	if need != Boot || hereOnly() {
		os.Exit(m.Run()) // Tests that need more than there is skip themselves.
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := rerunTests(ctx, k)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "run the tests in the test kernel: %v\n", err)
		code = exitRefused
	}
	os.Exit(code)
}

// skipper is a test, as far as Require needs it.
type skipper interface {
	Helper()
	Skip(args ...any)
}

// Require skips a test, with the reason, where Needs is not Ready.
func Require(t skipper) {
	t.Helper()
	requireKernel(t, testkernel.UserMode)
}

// RequireComplete skips a test, with the reason, where the kernel has not both
// IPVS and nftables.
func RequireComplete(t skipper) {
	t.Helper()
	requireKernel(t, testkernel.Complete)
}

func requireKernel(t skipper, k testkernel.Kernel) {
	t.Helper()
	if need, why := NeedsOf(k); need != Ready {
		t.Skip(why)
	}
}

// hereOnly reports flags that talk to the go command and run no test.
func hereOnly() bool {
	for _, name := range []string{"test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return true
		}
	}
	return false
}

// rerunTests runs this test binary in a test kernel.
func rerunTests(ctx context.Context, k testkernel.Kernel) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find this program: %w", err)
	}
	args, out := guestArguments(os.Args[1:])
	return testkernel.Run(ctx, testkernel.Options{
		Kernel: k, Argv: append([]string{self}, args...), Stdout: os.Stdout, Stderr: os.Stderr, Out: out,
	})
}

// guestArguments returns a test binary's arguments for the guest, and the
// folders that the files they name must be written to. The test log goes: it
// serves the go command's cache, and what happens in a guest is not to be
// cached.
func guestArguments(args []string) (guest, out []string) {
	for _, arg := range args {
		flagName, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch flagName {
		case "test.testlogfile":
			continue
		case "test.coverprofile", "test.cpuprofile", "test.memprofile", "test.blockprofile", "test.mutexprofile", "test.trace":
			out = append(out, filepath.Dir(value))
		case "test.gocoverdir", "test.outputdir":
			out = append(out, value)
		}
		guest = append(guest, arg)
	}
	slices.Sort(out)
	return guest, slices.Compact(out)
}
