package testkernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ipvsFamily is IPVS's generic-netlink family (IPVS_GENL_NAME in the kernel's
// include/uapi/linux/ip_vs.h).
const ipvsFamily = "IPVS"

// HaveIPVS reports whether the running kernel has IPVS: its generic-netlink
// family answers, after an attempt to load the module where we are root. It
// changes nothing else. An error means that the question could not be put.
func HaveIPVS() (bool, error) {
	ok, err := familyAnswers(ipvsFamily)
	if ok || err != nil || os.Geteuid() != 0 {
		return ok, err
	}
	// Whatever keeps the module from loading (none for this kernel, a kernel
	// without modules, a container) means that there is no IPVS here.
	if err := newLoader(hostModules).load("ip_vs"); err != nil {
		return false, nil
	}
	return familyAnswers(ipvsFamily)
}

func familyAnswers(name string) (bool, error) {
	_, err := netlink.GenlFamilyGet(name)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("ask the kernel for the %s family: %w", name, err)
	}
}
