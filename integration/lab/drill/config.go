package drill

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// services is how many virtual services the drill has on each VIP: HTTP, the
// line echo and the datagram echo.
const services = 3

func vips(active bool) []netip.Addr {
	if active {
		return lab.DefaultVIPs(2)
	}
	return lab.DefaultVIPs(1)
}

func configOptions(o Options, p lab.Plan, active bool) lab.ConfigOptions {
	return lab.ConfigOptions{
		AdvertInt:    o.AdvertInt,
		ActiveActive: active,
		Extra:        datagramServices(p),
	}
}

// bounds are the timers of director B, which takes over.
func bounds(p lab.Plan, c lab.ConfigOptions) Bounds {
	return Bounds{
		Advert:     millis(c.AdvertInt),
		Skew:       millis(p.Skew(lab.B, c)),
		MasterDown: millis(p.MasterDown(lab.B, c)),
		// One round of checks, one retry a second later, and the time of a
		// connection in a slow kernel.
		Table: 2500,
	}
}

// datagramServices are the virtual servers that the probe asks. Their real
// servers are checked at the line echo: a datagram service has no check of its
// own that both programs know.
func datagramServices(p lab.Plan) string {
	var b strings.Builder
	for _, vip := range p.VIPs {
		fmt.Fprintf(&b, "virtual_server %s %d {\n", vip, traffic.UDPPort)
		fmt.Fprintf(&b, "    delay_loop 1\n    lb_algo rr\n    lb_kind %s\n    protocol UDP\n", p.Mode)
		for _, s := range p.Servers {
			fmt.Fprintf(&b, "    real_server %s %d {\n        weight 1\n", s.Addr, traffic.UDPPort)
			fmt.Fprintf(&b, "        TCP_CHECK {\n            connect_port %d\n            connect_timeout 1\n", lab.EchoPort)
			fmt.Fprintf(&b, "            retry 1\n            delay_before_retry 1\n        }\n    }\n")
		}
		b.WriteString("}\n")
	}
	return b.String()
}
