package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tree is a directory of settings: /proc/sys, which below net shows those of
// the network namespace of the thread that opens a file.
type tree string

const (
	errReadOnly = syscall.EROFS
	errInvalid  = syscall.EINVAL
)

func (t tree) path(name string) string { return filepath.Join(string(t), filepath.FromSlash(name)) }

// read reads one value; fs.ErrNotExist when this kernel or namespace has none.
func (t tree) read(name string) (string, error) {
	b, err := os.ReadFile(t.path(name))
	return spelled(string(b)), err
}

// spelled is a value with single blanks, where the kernel has tabs and a
// closing newline.
func spelled(value string) string { return strings.Join(strings.Fields(value), " ") }

// readAll reads the settings with these names and those of more. What does not
// exist is not in the result and no error.
func (t tree) readAll(names Settings, more iter.Seq[string]) (have Settings, errs []error) {
	have = Settings{}
	all := maps.Clone(names)
	if more != nil {
		for name := range more {
			all[name] = ""
		}
	}
	for name := range all {
		switch value, err := t.read(name); {
		case err == nil:
			have[name] = value
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("read %s: %w", dotted(name), err))
		}
	}
	return have, errs
}

// others are the settings that a switch of forwarding may take along.
func (t tree) others(name string) Settings {
	have := t.all(perInterface(name))
	more, _ := t.readAll(Settings{acceptRedirects: "", "net/ipv4/ip_forward": ""}, nil)
	maps.Copy(have, more)
	return have
}

// all are the settings whose names match a pattern.
func (t tree) all(pattern string) Settings {
	files, _ := filepath.Glob(t.path(pattern)) // The pattern is a good one.
	names := Settings{}
	for _, file := range files {
		if name, err := filepath.Rel(string(t), file); err == nil {
			names[filepath.ToSlash(name)] = ""
		}
	}
	have, _ := t.readAll(names, nil) // One that cannot be read cannot be given back.
	return have
}

// write writes one value.
func (t tree) write(name, value string) error {
	// The file is there or it is not: never make one.
	f, err := os.OpenFile(t.path(name), os.O_WRONLY|os.O_TRUNC, 0)
	if err == nil {
		_, err = f.WriteString(value)
		err = errors.Join(err, f.Close())
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // Its interface went since it was read.
	case err != nil:
		return fmt.Errorf("set %s to %q: %w", dotted(name), value, explain(err))
	}
	return nil
}

func (t tree) exists(name string) bool {
	_, err := os.Lstat(t.path(name))
	return err == nil
}

// waitsFor is the interface without which a setting that does not exist cannot;
// empty when something else is missing.
func (t tree) waitsFor(name string) string {
	dev, ok := ofInterface(name)
	if !ok {
		return ""
	}
	interfaces := strings.Join(strings.Split(name, "/")[:3], "/") // as net/ipv4/conf
	if !t.exists(interfaces) || t.exists(interfaces+"/"+dev) {
		return ""
	}
	return dev
}

// hint says what to do about a setting that does not exist.
func (t tree) hint(name string) string {
	group, _, _ := strings.Cut(strings.TrimPrefix(name, "net/"), "/")
	switch {
	case strings.HasPrefix(name, "net/ipv4/vs/") && !t.exists("net/ipv4/vs"):
		return "load IPVS: modprobe ip_vs"
	case strings.HasPrefix(name, "net/ipv4/vs/"):
		return "this kernel is too old for it, or was built without it"
	case strings.HasPrefix(name, "net/netfilter/nf_conntrack"), strings.HasPrefix(name, "net/nf_conntrack"):
		return "load connection tracking: modprobe nf_conntrack; some of its settings exist in the host's own namespace only"
	case strings.HasPrefix(name, "net/ipv6/") && !t.exists("net/ipv6"):
		return "this kernel runs without IPv6: remove ipv6.disable=1 from its command line"
	case group == "core" || group == "ipv4" || group == "ipv6":
		return "check the name; some settings exist in the host's own network namespace only, not in another one or in a container"
	}
	return "check the name, and whether a module must be loaded first"
}
