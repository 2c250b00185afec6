package testkernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// guestModules is what a lab needs, loaded before the command starts so that
// it needs no modprobe. The test kernel knows more; where kmod is installed it
// loads the rest on demand.
var guestModules = [...]string{
	"ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_sh", "ip_vs_dh", "ip_vs_sed", "ip_vs_nq",
	"ip_vs_fo", "ip_vs_ovf", "ip_vs_mh", "ip_vs_lblc", "ip_vs_lblcr", "ip_vs_pe_sip",
	"veth", "bridge", "dummy", "macvlan",
	"ipip", "ip6_tunnel", "sit", "ip_gre", "ip6_gre", "fou", "fou6", "sctp",
	"sch_ingress", "cls_u32", "act_gact",
}

// completeModules is what only the complete kernel has.
var completeModules = [...]string{
	"nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_ct", "nft_limit", "nft_log",
	"nft_reject_inet", "nf_conntrack_netlink", "nf_log_syslog", "ipvlan",
}

// loadModules loads guestModules and makes the test kernel's modules visible
// where the kernel's own loader looks.
func loadModules(ord order) error {
	release, err := kernelRelease()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(hostModules, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", hostModules, err)
	}
	err = os.Symlink(filepath.Join(ord.Modules, release), filepath.Join(hostModules, release))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("show the modules: %w", err)
	}
	names := guestModules[:]
	if ord.Kernel == Complete {
		names = slices.Concat(names, completeModules[:])
	}
	l := newLoader(ord.Modules)
	for _, name := range names {
		if err := l.load(name); err != nil {
			return err
		}
	}
	return nil
}

func kernelRelease() (string, error) {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return "", fmt.Errorf("ask for the kernel's release: %w", err)
	}
	return unix.ByteSliceToString(uts.Release[:]), nil
}

// loader loads modules with what they depend on.
type loader struct {
	base   string // Folder of the releases.
	deps   map[string]dependency
	loaded map[string]bool // By file, dependencies included.
}

// dependency is a module's file and the files it needs, as modules.dep(5) has
// them: relative to the release's folder, the last needed first.
type dependency struct {
	file  string
	needs []string
}

func newLoader(base string) *loader {
	return &loader{base: base, loaded: map[string]bool{}}
}

// load loads a module by name unless it is loaded.
func (l *loader) load(name string) error {
	release, err := kernelRelease()
	if err != nil {
		return err
	}
	dir := filepath.Join(l.base, release)
	if l.deps == nil {
		text, err := os.ReadFile(filepath.Join(dir, "modules.dep"))
		if err != nil {
			return fmt.Errorf("read the list of modules: %w", err)
		}
		l.deps = parseDependencies(string(text))
	}
	dep, ok := l.deps[name]
	if !ok {
		return fmt.Errorf("load module %s: %w in %s", name, fs.ErrNotExist, dir)
	}
	for i := len(dep.needs) - 1; i >= 0; i-- {
		if err := l.insert(filepath.Join(dir, dep.needs[i])); err != nil {
			return err
		}
	}
	return l.insert(filepath.Join(dir, dep.file))
}

// insert loads one file (init_module(2)); one that is loaded or built in is
// none of our business.
func (l *loader) insert(file string) error {
	if l.loaded[file] {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open module: %w", err)
	}
	defer f.Close()
	flags := 0
	if !strings.HasSuffix(file, ".ko") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && err != unix.EEXIST {
		return fmt.Errorf("load module %s: %w", file, err)
	}
	l.loaded[file] = true
	return nil
}

// parseDependencies reads modules.dep(5): "file: needed files". Module names
// have underscores where file names may have hyphens.
func parseDependencies(text string) map[string]dependency {
	deps := map[string]dependency{}
	for line := range strings.Lines(text) {
		file, needs, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(path.Base(file), ".ko")
		deps[strings.ReplaceAll(name, "-", "_")] = dependency{file: file, needs: strings.Fields(needs)}
	}
	return deps
}
