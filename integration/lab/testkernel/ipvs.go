package testkernel

import "errors"

// ErrNotInstalled is the error of Run where the machine has no test kernel.
var ErrNotInstalled = errors.New("no test kernel: apt-get install user-mode-linux")

// HaveIPVS reports whether the running kernel has IPVS: its generic-netlink
// family answers, after an attempt to load the module where we are root. It
// changes nothing else.
func HaveIPVS() (bool, error) { panic("soon") }

// Installed reports whether this machine has a test kernel to boot.
func Installed() bool { panic("soon") }
