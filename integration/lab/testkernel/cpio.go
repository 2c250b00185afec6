package testkernel

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
)

// archive writes an initramfs: a cpio archive in the "newc" format
// (Documentation/driver-api/early-userspace/buffer-format.rst in the kernel
// tree). Its first error sticks.
type archive struct {
	w    io.Writer
	made map[string]bool // Folders.
	err  error
}

func newArchive(w io.Writer) *archive {
	return &archive{w: w, made: map[string]bool{"/": true, ".": true}}
}

// File modes as cpio has them: the type of inode(7) and the permissions.
const (
	cpioFolder  = 0o040755
	cpioProgram = 0o100755
	cpioFile    = 0o100600
	// cpioEnd names the last entry of every archive.
	cpioEnd = "TRAILER!!!"
)

// folder adds a folder and those above it, once.
func (a *archive) folder(name string) {
	name = path.Clean(name)
	if a.made[name] {
		return
	}
	a.made[name] = true
	a.folder(path.Dir(name))
	a.entry(name, cpioFolder, nil)
}

// file adds a file at an absolute path, with the folders above it.
func (a *archive) file(name string, mode uint32, content []byte) {
	a.folder(path.Dir(name))
	a.entry(name, mode, content)
}

// close ends the archive and returns the first error of all.
func (a *archive) close() error {
	a.entry(cpioEnd, 0, nil)
	return a.err
}

// entry writes one entry: a header in hexadecimal digits, the name and the
// content, each filled up to a multiple of four bytes.
func (a *archive) entry(name string, mode uint32, content []byte) {
	if a.err != nil {
		return
	}
	name = strings.TrimPrefix(name, "/")
	var header bytes.Buffer
	header.WriteString("070701")
	for _, field := range [...]uint32{
		0, mode, 0, 0, 1, 0, // Inode, mode, user, group, links, time.
		uint32(len(content)), 0, 0, 0, 0, // Size, device, device of a device node.
		uint32(len(name) + 1), 0, // Name with its zero byte, checksum.
	} {
		fmt.Fprintf(&header, "%08x", field)
	}
	header.WriteString(name)
	header.WriteByte(0)
	header.Write(make([]byte, -header.Len()&3))
	for _, part := range [][]byte{header.Bytes(), content, make([]byte, -len(content)&3)} {
		if _, a.err = a.w.Write(part); a.err != nil {
			return
		}
	}
}
