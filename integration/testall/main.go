// Command testall is `make test`: every check of the project in one run,
// cheapest first, each announced, with one line at the end that counts them.
// It goes on after a failure, so that one run shows all there is to mend.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	start := time.Now()
	run := &run{tally: newTally(os.Stdout), root: os.Geteuid() == 0}
	for _, s := range run.steps() {
		began := time.Now()
		fmt.Printf("=== %s\n", s.what)
		if err := s.do(); err != nil {
			fmt.Printf("FAIL %s: %v\n", s.what, err)
		}
		fmt.Printf("    %.0f s\n", time.Since(began).Seconds())
	}
	fmt.Printf("all checks took %.0f s\n", time.Since(start).Seconds())
	run.tally.close()
	if run.tally.failed > 0 {
		os.Exit(1)
	}
}

type run struct {
	tally *tally
	root  bool
}

type step struct {
	what string
	do   func() error
}

func (r *run) steps() []step {
	return []step{
		{"gofmt", r.check("gofmt", "-l", "cmd", "vrrp", "healthcheck", "ipvs", "conf", "integration")},
		{"go vet", r.check("go", "vet", "./...")},
		{"staticcheck", r.check("go", "tool", "staticcheck", "./...")},
		{"unit tests and fuzz seeds under the race detector", r.units},
		{"unit tests that need IPVS, on the test kernel", r.kernelPackages},
		{"integration tests on the test kernel", r.integration},
	}
}

// check runs a tool that is content when it exits 0 and has nothing to say on
// its standard output; what it downloads first is told on the other one.
func (r *run) check(name string, args ...string) func() error {
	return func() error {
		cmd := exec.Command(name, args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if len(bytes.TrimSpace(out)) > 0 {
			os.Stdout.Write(out)
			err = errors.Join(err, errors.New("it found something"))
		}
		r.tally.step(err)
		return err
	}
}

// units runs every package but integration. Cgo is on for this run alone:
// the race detector needs it.
func (r *run) units() error {
	list, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		r.tally.step(err)
		return fmt.Errorf("list packages: %w", err)
	}
	if r.noKernel() == "" {
		r.tally.later = func(pkg string) bool {
			return slices.ContainsFunc(needIPVS, func(p string) bool { return strings.HasSuffix(pkg, "/"+p) })
		}
		defer func() { r.tally.later = func(string) bool { return false } }()
	}
	args := slices.Clone(test)
	cgo := "CGO_ENABLED=1"
	if err := compilesC(); err == nil {
		args = append(args, "-race")
	} else {
		cgo = "CGO_ENABLED=0"
		fmt.Println("    without the race detector, which needs gcc and libc6-dev:", err)
	}
	for pkg := range strings.FieldsSeq(string(list)) {
		if !strings.Contains(pkg, "/integration") || strings.HasSuffix(pkg, "/testall") {
			args = append(args, pkg)
		}
	}
	return r.tests(cgo, args...)
}

// compilesC returns nil where there is a C compiler with its headers.
func compilesC() error {
	cmd := exec.Command("go", "build", "-race", "runtime/cgo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	return cmd.Run()
}

// needIPVS are the packages whose unit tests skip where there is no IPVS.
var needIPVS = []string{"ipvs/kernel", "ipvs/connsync", "ipvs/ipvsadm"}

// kernelPackages are unit tests of the kernel edges: what they skip on a host
// without IPVS runs here. The test binaries are static, so that the test kernel
// needs nothing but the file.
func (r *run) kernelPackages() error {
	if why := r.noKernel(); why != "" {
		fmt.Println("    not run:", why)
		return nil
	}
	dir, err := os.MkdirTemp("", "tandem-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	labrun := filepath.Join(dir, "labrun")
	build := exec.Command("go", "build", "-o", labrun, "./integration/labrun")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		r.tally.step(err)
		return fmt.Errorf("build labrun: %w", err)
	}
	args := append(slices.Clone(test), "-count=1", "-exec="+labrun+" --")
	for _, pkg := range needIPVS {
		args = append(args, "./"+pkg)
	}
	return r.tests("CGO_ENABLED=0", args...)
}

func (r *run) integration() error {
	if why := r.noKernel(); why != "" {
		fmt.Println("    not run:", why)
	}
	return r.tests("CGO_ENABLED=0", append(slices.Clone(test), "./integration/...")...)
}

// test is the go command's way to run tests here. Two packages at a time: most
// boot a test kernel that has one processor, and wait for timers half of their
// time. The timeout is for a machine that is busy with other things too.
var test = []string{"test", "-json", "-p=2", "-timeout=20m"}

// noKernel says why nothing that needs IPVS runs; empty: it does.
func (r *run) noKernel() string {
	switch {
	case os.Getenv("TANDEM_NO_KERNEL") != "":
		return "TANDEM_NO_KERNEL is set; unset it to test forwarding on a real kernel"
	case !r.root:
		return "not root; run `sudo make test` to test forwarding on a real kernel"
	}
	return ""
}

// tests runs the go command such that it prints test events, and counts them.
func (r *run) tests(cgo string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), cgo)
	pipe, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	before := r.tally.failed
	read := make(chan error, 1)
	go func() { read <- r.tally.read(pipe) }()
	err := cmd.Run()
	w.Close()
	err = errors.Join(err, <-read)
	if err != nil && r.tally.failed == before {
		r.tally.step(err) // it failed without telling a test
	}
	return err
}
