package peers

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/integration/lab"
)

// dialect is a way to speak VRRP. Each is an instance of its own on the same
// pair, with the VRID as the end of its address too.
type dialect struct {
	name    string
	vrid    byte
	version int
	ipv6    bool
	unicast bool
	auth    string // auth_type
	more    string // lines of vrrp_instance
}

var dialects = []dialect{
	{name: "v2-multicast", vrid: 21, version: 2},
	{name: "v2-pass", vrid: 22, version: 2, auth: "PASS"},
	{name: "v2-pass-unicast", vrid: 23, version: 2, auth: "PASS", unicast: true},
	{name: "v2-ah", vrid: 24, version: 2, auth: "AH"},
	{name: "v2-ah-unicast", vrid: 25, version: 2, auth: "AH", unicast: true},
	{name: "v3-multicast", vrid: 31, version: 3},
	{name: "v3-unicast", vrid: 32, version: 3, unicast: true, more: "check_unicast_src"},
	{name: "v3-group", vrid: 33, version: 3, more: "mcast_dst_ip 224.0.0.200"},
	{name: "v3-vmac", vrid: 34, version: 3, more: "use_vmac mac34"},
	{name: "v3-vmac-base", vrid: 35, version: 3, more: "use_vmac mac35\nvmac_xmit_base"},
	{name: "v6-multicast", vrid: 61, version: 3, ipv6: true},
	{name: "v6-unicast", vrid: 62, version: 3, ipv6: true, unicast: true},
	{name: "v6-vmac", vrid: 63, version: 3, ipv6: true, more: "use_vmac mac63"},
}

// vip is the address that moves; of IPv6 it is the second, behind the link-local
// one that RFC 9568 section 5.2.9 wants first.
func (d dialect) vip() netip.Addr {
	if d.ipv6 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8:2::%x", d.vrid))
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, d.vrid})
}

// role is what a director is in a story.
type role struct {
	priority int
	more     string // lines of every vrrp_instance
	first    string // lines of the first one
	head     string // of the file; FLAG is a path that the story may make
}

// config is a vrrp_instance of a director.
func (d dialect) config(p lab.Plan, at lab.Director, r role) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("vrrp_instance %s {\nstate BACKUP\ninterface outside\nvirtual_router_id %d\nversion %d", d.name, d.vrid, d.version)
	line("priority %d", r.priority)
	if d.version == 2 {
		line("advert_int 1") // of whole seconds
	} else {
		line("advert_int 0.5")
	}
	if d.auth != "" {
		line("authentication {\nauth_type %s\nauth_pass secret\n}", d.auth)
	}
	if d.unicast {
		here, there := p.Legs(at).Outside.For(d.vip()), p.Legs(at.Other()).Outside.For(d.vip())
		line("unicast_src_ip %s\nunicast_peer {\n%s\n}", here, there)
	}
	line("%s\n%s", d.more, r.more)
	if d.vrid == dialects[0].vrid {
		line("%s", r.first)
	}
	if d.ipv6 {
		line("virtual_ipaddress {\nfe80::%x/64\n%s/128\n}\n}", d.vrid, d.vip())
	} else {
		line("virtual_ipaddress {\n%s/32\n}\n}", d.vip())
	}
	return b.String()
}
