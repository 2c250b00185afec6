package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// loadFamily finds the generic-netlink family of IPVS, loading the module
// when it is not there.
func (c *conn) loadFamily(ctx context.Context) (uint16, error) {
	family, err := c.resolve(ctx, "IPVS")
	if !errors.Is(err, unix.ENOENT) {
		return family, err
	}
	if os.Geteuid() != 0 {
		return 0, fmt.Errorf("%w loaded, and only root can load it: modprobe ip_vs", ipvs.ErrNoIPVS)
	}
	out, loadErr := exec.CommandContext(ctx, modprobe(), "ip_vs").CombinedOutput()
	if family, err = c.resolve(ctx, "IPVS"); err == nil {
		return family, nil
	}
	if !errors.Is(err, unix.ENOENT) {
		return 0, err
	}
	if said := bytes.TrimSpace(out); len(said) > 0 {
		loadErr = errors.New(string(said))
	}
	return 0, fmt.Errorf("%w: modprobe ip_vs: %w; virtual servers need a kernel with CONFIG_IP_VS", ipvs.ErrNoIPVS, loadErr)
}

// modprobe is the program with which the kernel itself loads modules. It knows
// about compression, dependencies and what the administrator has forbidden.
func modprobe() string {
	path, err := os.ReadFile("/proc/sys/kernel/modprobe")
	if name := string(bytes.TrimSpace(path)); err == nil && name != "" {
		return name
	}
	return "modprobe"
}

// resolve asks for the number of a generic-netlink family.
func (c *conn) resolve(ctx context.Context, name string) (uint16, error) {
	c.seq++
	seq := c.seq
	var id uint16
	msg := appendMessage(nil, unix.GENL_ID_CTRL, unix.NLM_F_ACK, seq, unix.CTRL_CMD_GETFAMILY, 1, func(b []byte) []byte {
		return appendText(b, unix.CTRL_ATTR_FAMILY_NAME, name)
	})
	err := c.exchange(ctx, msg, func(a answer) (bool, error) {
		switch {
		case a.seq != seq:
			return false, nil
		case a.typ == unix.NLMSG_ERROR:
			if errno := a.errno(); errno != 0 {
				return true, errno
			}
			return true, nil
		case a.typ == unix.GENL_ID_CTRL && len(a.body) >= genlHeader:
			var err error
			for t, v := range attributes(a.body[genlHeader:], &err) {
				if t == unix.CTRL_ATTR_FAMILY_ID {
					id = v.u16()
				}
			}
			return false, err
		}
		return false, nil
	})
	if err == nil && id == 0 {
		err = errMalformed
	}
	if err != nil {
		return 0, fmt.Errorf("find the netlink family %s: %w", name, err)
	}
	return id, nil
}
