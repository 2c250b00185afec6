package program

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// interpreted adds to the arguments what a file needs that the kernel does not
// start by itself, and returns the interpreter that a script names; empty: none.
// A script without a first line that names one is the shell's, as everywhere
// else. What no kernel and no shell can start is refused here: the kernel says
// "no such file" of a program that is there.
func (r *Resolved) interpreted(file string) (string, *Refusal) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil // It may be executed and not read: the kernel decides.
	}
	defer f.Close()
	head := make([]byte, 256) // as much as the kernel reads (BINPRM_BUF_SIZE in include/uapi/linux/binfmts.h)
	n, _ := f.Read(head)
	head = head[:n]
	switch {
	case n == 0:
		return "", refuse(NotExecutable, "", "%s is empty", file)
	case bytes.HasPrefix(head, []byte("#!")):
		return interpreterOf(file, string(head[2:]))
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return "", loadable(f, file)
	case bytes.IndexByte(head, 0) >= 0:
		return "", refuse(NotExecutable, "", "%s is neither a script nor a program of this kernel's format", file)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s has no first line with #!, so it is given to /bin/sh: write #!/bin/sh there", file))
	r.Path, r.Args = "/bin/sh", append([]string{"/bin/sh"}, r.Args...)
	return "", nil
}

// interpreterOf is what a script is given to, from its beginning behind #!. The
// kernel takes a carriage return for a part of the name (fs/binfmt_script.c).
func interpreterOf(file, line string) (string, *Refusal) {
	line, _, _ = strings.Cut(line, "\n")
	name, _, _ := strings.Cut(strings.Trim(line, " \t"), " ")
	name, _, _ = strings.Cut(name, "\t")
	switch bare := strings.TrimSuffix(name, "\r"); {
	case bare == "":
		return "", refuse(NotExecutable, "write #!/bin/sh there", "the first line of %s names no interpreter", file)
	case bare != name:
		return "", refuse(NotFound, "sed -i 's/\\r$//' "+file, "the lines of %s end as those of Windows do, and there is no interpreter called %q", file, name)
	}
	return name, present(file, name)
}

// loadable refuses a program whose loader is not there, such as one of another C
// library. What cannot be read is the kernel's to refuse.
func loadable(f *os.File, file string) *Refusal {
	program, err := elf.NewFile(f)
	if err != nil {
		return nil
	}
	for _, p := range program.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz == 0 || p.Filesz > maxPath {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err == nil {
			return present(file, string(bytes.TrimRight(name, "\x00")))
		}
	}
	return nil
}

// maxPath is the longest path of the kernel, with its end (PATH_MAX).
const maxPath = 4096

// present refuses a file whose interpreter does not exist. A name without a slash
// in front is one of the folder that programs run in.
func present(file, interpreter string) *Refusal {
	if _, err := os.Stat(path.Join("/", interpreter)); errors.Is(err, fs.ErrNotExist) {
		return refuse(NotFound, "", "the interpreter of %s is missing: there is no %s", file, interpreter)
	}
	return nil
}
