package lab

import (
	"context"

	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

// NoKernelEnv is the environment variable that, set to 1, skips what needs
// IPVS where the machine has neither IPVS nor a test kernel.
const NoKernelEnv = "TANDEM_NO_KERNEL"

// MaybeInit turns the process into one of the lab's re-executed forms (the test
// kernel's launcher and first process, the first process of a Command) where it
// was started as one, and then never returns. Every program that uses the lab
// calls it before anything else in main.
func MaybeInit() { panic("soon") }

// Need says what a program that wants a lab must do on this machine.
type Need int

// The answers.
const (
	Ready    Need = iota // Build the lab here.
	Boot                 // Run this program again with Rerun.
	NotRoot              // Neither is possible without root.
	Missing              // Root, but no IPVS and no test kernel installed.
	Unwanted             // TANDEM_NO_KERNEL=1.
)

// Check reports what this machine can do, and the reason in words with what
// to do about it.
func Needs() (Need, string) { panic("soon") }

// Rerun runs this program again, with these arguments, in a test kernel: the
// way for a main that got Boot from Needs. It returns the exit code.
func Rerun(ctx context.Context, o testkernel.Options) (int, error) { panic("soon") }

// Main is the TestMain of a package whose tests need a lab:
//
//	func TestMain(m *testing.M) { lab.Main(m) }
//
// As root it runs the tests here where the kernel has IPVS, else the same test
// binary with the same flags in a test kernel. It never returns.
func Main(m interface{ Run() int }) { panic("soon") }

// Require skips a test, with the reason, where Needs is not Ready.
func Require(t interface {
	Helper()
	Skip(args ...any)
}) {
	panic("soon")
}
