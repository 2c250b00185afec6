package drill

import (
	"fmt"

	"github.com/tandem-ha/tandem/integration/lab"
)

// modes are the forwarding methods by their names on the command line.
func modes() map[string]lab.Mode {
	return map[string]lab.Mode{"dr": lab.DR, "nat": lab.NAT, "tun": lab.TUN}
}

func parseMode(name string) (lab.Mode, error) {
	m, ok := modes()[name]
	if !ok {
		return 0, fmt.Errorf("no mode %q; there are dr, nat and tun", name)
	}
	return m, nil
}

func modeName(m lab.Mode) string {
	for name, mode := range modes() {
		if mode == m {
			return name
		}
	}
	return "unknown"
}
