package conf

import (
	"slices"
)

// OnHost says what of the file does not fit the host that it shall run on: the
// interfaces that are missing there, as MissingInterfaces has it, and what is
// doubtful about its addresses and networks. A host changes while a file does
// not, so nothing of it is part of reading the file, and but for the interfaces
// all of it are warnings and notes. It is for tandem check, and for the log of a
// director that starts or reloads; the host is that of conf/host.Read. Without a
// host there is nothing to say.
func (f *File) OnHost(h *Host) Diagnostics {
	if h == nil || f.loader == nil {
		return nil
	}
	found := f.config.MissingInterfaces(func(name string) bool { return h.Interface(name) != nil })
	found.Sort()
	return slices.Clip(found)
}
