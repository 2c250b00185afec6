package testkernel

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// bootModules are what the guest needs to see the host's files and the line;
// all others it finds among those files.
var bootModules = [...]string{"virtio_pci", "virtio_console", "virtiofs", "overlay"}

// Files of the initramfs.
const (
	ramInit  = "/init"
	ramOrder = "/order.json"
)

// writeInitramfs writes what the guest boots from: this program as its first
// process, its orders, and bootModules where the loader looks for modules.
func writeInitramfs(to string, in installation, spec []byte) (err error) {
	program, err := os.ReadFile(self)
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the initramfs: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := bufio.NewWriter(f)
	a := newArchive(buffer)
	for _, dir := range []string{"/dev", "/proc", ramHost, ramLayers} {
		a.folder(dir)
	}
	a.file(ramInit, cpioProgram, program)
	a.file(ramOrder, cpioFile, spec)
	if err := addModules(a, filepath.Join(in.Modules, in.Release), filepath.Join(hostModules, in.Release)); err != nil {
		return err
	}
	if err := errors.Join(a.close(), buffer.Flush()); err != nil {
		return fmt.Errorf("write the initramfs: %w", err)
	}
	return nil
}

// addModules adds bootModules, what they need and the list that says so.
func addModules(a *archive, from, to string) error {
	list, err := os.ReadFile(filepath.Join(from, "modules.dep"))
	if err != nil {
		return fmt.Errorf("read the list of modules: %w", err)
	}
	a.file(filepath.Join(to, "modules.dep"), cpioFile, list)
	deps := parseDependencies(string(list))
	var files []string
	for _, name := range bootModules {
		if dep, ok := deps[name]; ok { // Else it is built in.
			files = append(append(files, dep.file), dep.needs...)
		}
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		content, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			return fmt.Errorf("read a module: %w", err)
		}
		a.file(filepath.Join(to, file), cpioFile, content)
	}
	return nil
}

// self is this program.
const self = "/proc/self/exe"

// errDynamic is the error of a program that needs libraries, of which the
// initramfs has none.
var errDynamic = errors.New("the complete test kernel starts static programs only: build this one with CGO_ENABLED=0")

// static returns nil where this program runs without libraries.
func static() error {
	f, err := elf.Open(self)
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errDynamic
	}
	return nil
}
