package conf

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fitting is a file with nothing that the host of directorHost could object to.
const fitting = `global_defs {
    lvs_sync_daemon eth1 A
}
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    unicast_src_ip 198.51.100.2
    unicast_peer {
        198.51.100.3
    }
    virtual_ipaddress {
        198.51.100.80
        10.7.0.1/24 dev eth1
    }
}
virtual_server 198.51.100.80 80 {
    protocol TCP
    lb_algo rr
    lb_kind DR
    real_server 10.0.0.11 80 {
        TCP_CHECK {
        }
    }
    real_server 10.7.0.11 80 {
        TCP_CHECK {
        }
    }
}
`

func TestOnHost(t *testing.T) {
	has := func(name string, change func(*Interface)) func(*Host) {
		return func(h *Host) { change(h.Interface(name)) }
	}
	tests := []struct {
		name  string
		host  func(*Host)
		pairs []string // of what is replaced in the file
		want  string
	}{
		{"all is well", nil, nil, ""},
		{"on the master, too", func(h *Host) {
			h.Interface("eth0").Floating = prefixes("198.51.100.80/32")
			h.Interface("eth1").Addresses = prefixes("10.7.0.1/24", "10.0.0.2/24") // by a kernel that says not who set it
		}, nil, ""},
		{"an interface is missing", func(h *Host) { h.Interface("eth1").Name = "eth2" }, nil,
			"2:21: error: global_defs: lvs_sync_daemon eth1 does not exist on this host: connections are not synchronised until it appears (ip link shows the interfaces there are)\n" +
				"13:25: error: vrrp_instance A: dev eth1 does not exist on this host: the address cannot be set until it appears (ip link shows the interfaces there are)\n"},
		{"a file of another host", func(h *Host) {
			h.Interfaces = []Interface{{Name: "wlan0", Up: true, Addresses: prefixes("192.168.1.7/24"), Default4: true, MTU: 1500}}
		}, nil,
			"2:21: error: global_defs: lvs_sync_daemon eth1 does not exist on this host: connections are not synchronised until it appears (ip link shows the interfaces there are)\n" +
				"5:15: error: vrrp_instance A: interface eth0 does not exist on this host: the instance stays in FAULT until it appears (ip link shows the interfaces there are)\n" +
				"13:25: error: vrrp_instance A: dev eth1 does not exist on this host: the address cannot be set until it appears (ip link shows the interfaces there are)\n"},
		{"NAT and tunnels of another host", func(h *Host) {
			h.Interfaces = []Interface{{Name: "eth1", MTU: 1500, Up: true, Default4: true, Addresses: prefixes("192.168.1.7/24")}}
		},
			[]string{"lb_kind DR", "lb_kind NAT", "10.7.0.11 80 {", "10.7.0.11 80 {\n        lvs_method TUN"},
			"5:15: error: vrrp_instance A: interface eth0 does not exist on this host: the instance stays in FAULT until it appears (ip link shows the interfaces there are)\n"},
		{"the interface of one address is missing", func(h *Host) { h.Interface("eth1").Name = "eth2" }, []string{"unicast_src_ip 198.51.100.2", "unicast_src_ip 198.51.100.4"},
			"2:21: error: global_defs: lvs_sync_daemon eth1 does not exist on this host: connections are not synchronised until it appears (ip link shows the interfaces there are)\n" +
				"7:5: warning: vrrp_instance A: unicast_src_ip 198.51.100.4 is no address of this host: adverts leave with it all the same, and a peer that has it drops them as its own and becomes master too " +
				"(write the address of this host, or \"{{ GetInterfaceIP `eth0` }}\", which serves both directors)\n" +
				"13:25: error: vrrp_instance A: dev eth1 does not exist on this host: the address cannot be set until it appears (ip link shows the interfaces there are)\n"},
		{"a tracked interface is missing", nil, []string{"unicast_peer", "track_interface {\n        ppp0\n    }\n    unicast_peer", "lb_kind DR", "lb_kind NAT", "10.0.0.11", "10.9.0.11"},
			"9:9: error: vrrp_instance A: track_interface ppp0 does not exist on this host: it counts as down until it appears (ip link shows the interfaces there are)\n" +
				"23:5: note: virtual_server 198.51.100.80:80: NAT: real_server 10.9.0.11 is behind a router: it, and every router between, must send the replies to clients through this director (FULLNAT has no such need)\n"},
		{"an interface is down", has("eth1", func(in *Interface) { in.Up = false }), nil,
			"2:21: warning: global_defs: lvs_sync_daemon eth1 is down on this host: connections are not synchronised until it is up (ip link set eth1 up)\n" +
				"13:25: warning: vrrp_instance A: dev eth1 is down on this host: the address cannot be set until it is up (ip link set eth1 up)\n"},
		{"a tracked interface is down", has("eth10", func(in *Interface) { in.Up = false }), []string{"unicast_peer", "track_interface {\n        eth10\n    }\n    unicast_peer"},
			"9:9: warning: vrrp_instance A: track_interface eth10 is down on this host: it counts as down until it is up (ip link set eth10 up)\n"},
		{"the source is the other director's", nil, []string{"unicast_src_ip 198.51.100.2", "unicast_src_ip 198.51.100.4"},
			"7:5: warning: vrrp_instance A: unicast_src_ip 198.51.100.4 is no address of this host: adverts leave with it all the same, and a peer that has it drops them as its own and becomes master too " +
				"(write the address of this host, or \"{{ GetInterfaceIP `eth0` }}\", which serves both directors)\n"},
		{"the source is multicast's", nil, []string{"unicast_src_ip 198.51.100.2", "mcast_src_ip 198.51.100.4"},
			"7:5: warning: vrrp_instance A: mcast_src_ip 198.51.100.4 is no address of this host: adverts leave with it all the same, and a peer that has it drops them as its own and becomes master too " +
				"(write the address of this host, or \"{{ GetInterfaceIP `eth0` }}\", which serves both directors)\n"},
		{"the source is on another interface", nil, []string{"unicast_src_ip 198.51.100.2", "unicast_src_ip 10.0.0.2"}, ""},
		{"the source is the virtual address of an owner", nil, []string{"unicast_src_ip 198.51.100.2", "unicast_src_ip 198.51.100.80\n    priority 255"}, ""},
		{"nothing to send from", has("eth0", func(in *Interface) { in.Addresses = prefixes("2001:db8::2/64") }), []string{"    unicast_src_ip 198.51.100.2\n", "", "198.51.100.80\n", "198.51.100.80/24\n"},
			"5:5: warning: vrrp_instance A: interface eth0 has no IPv4 address of its own to send adverts from: the instance stays in FAULT until it has one (give it one, or write mcast_src_ip)\n"},
		{"a virtual address is not one of its own", has("eth0", func(in *Interface) { in.Addresses, in.Floating = nil, prefixes("198.51.100.80/24") }), []string{"    unicast_src_ip 198.51.100.2\n", "", "198.51.100.80\n", "198.51.100.80/24\n"},
			"5:5: warning: vrrp_instance A: interface eth0 has no IPv4 address of its own to send adverts from: the instance stays in FAULT until it has one (give it one, or write mcast_src_ip)\n"},
		{"a peer is this host", nil, []string{"198.51.100.3", "198.51.100.3\n        10.0.0.2"},
			"10:9: warning: vrrp_instance A: unicast_peer 10.0.0.2 is an address of this host, on eth1: adverts to it reach nobody else (with unicast_src_ip 10.0.0.2 it is left out by itself, so that one list serves both directors)\n"},
		{"a virtual address in no network of its interface", nil, []string{"198.51.100.80\n", "198.51.100.80\n        203.0.113.80\n        203.0.113.81\n"},
			"13:9: warning: vrrp_instance A: virtual address 203.0.113.80 and 1 more is in no network of eth0 (198.51.100.0/24): no host there asks for it by ARP (write its prefix length, unless a router has a route to it)\n"},
		{"a virtual address of another interface's network", nil, []string{"198.51.100.80\n", "198.51.100.80\n        172.16.10.80\n"},
			"13:9: warning: vrrp_instance A: virtual address 172.16.10.80 is in no network of eth0 (198.51.100.0/24): no host there asks for it by ARP (write dev eth10: that is in its network)\n"},
		{"a virtual address of IPv6", nil, []string{"virtual_ipaddress {", "virtual_ipaddress_excluded {\n        2001:db8::80\n    }\n    virtual_ipaddress {"},
			"12:9: warning: vrrp_instance A: virtual address 2001:db8::80 is in no network of eth0 (it has none): no host there looks for it as a neighbour (write its prefix length, unless a router has a route to it)\n"},
		{"a virtual address of the link, beside networks of others", has("eth1", func(in *Interface) { in.Addresses = append(in.Addresses, prefixes("fe80::7/64")...) }), []string{"virtual_ipaddress {", "virtual_ipaddress_excluded {\n        fe80::80\n    }\n    virtual_ipaddress {"}, ""},
		{"a virtual address in the network of another", nil, []string{"dev eth1\n", "dev eth1\n        10.7.0.80 dev eth1\n"}, ""},
		{"a virtual address in a network of a route", has("eth0", func(in *Interface) { in.Networks = prefixes("203.0.113.0/24") }), []string{"198.51.100.80\n", "198.51.100.80\n        203.0.113.80\n"}, ""},
		{"a virtual address on lo", nil, []string{"dev eth1\n", "dev eth1\n        203.0.113.80 dev lo\n"}, ""},
		{"the sync interface has no address", has("eth1", func(in *Interface) { in.Addresses = nil }), []string{"10.0.0.11", "10.7.0.12"},
			"2:21: warning: global_defs: lvs_sync_daemon eth1 has no IPv4 address of its own: connections would be sent with a source address of another interface, or none\n"},
		{"connections are sent over IPv6", has("eth1", func(in *Interface) { in.Addresses = prefixes("fe80::2/64") }), []string{"10.0.0.11", "10.7.0.12", "eth1 A", "eth1 A group ff02::81"}, ""},
		{"DR servers behind a router", nil, []string{"10.0.0.11", "10.9.0.11", "10.7.0.11", "10.9.0.12"},
			"20:5: warning: virtual_server 198.51.100.80:80: DR: 2 of its 2 real servers, 10.9.0.11 the first, are in no network of this host: the director needs an interface there, since DR changes only the MAC address and no router passes such a packet on (where a router is between, write lb_kind TUN)\n"},
		{"a DR server in a network of a route", has("eth1", func(in *Interface) { in.Networks = prefixes("10.9.0.0/16") }), []string{"10.0.0.11", "10.9.0.11"}, ""},
		{"a DR server that is this host", nil, []string{"10.0.0.11", "172.16.10.2"}, ""},
		{"a sorry server behind a router", nil, []string{"lb_kind DR", "lb_kind DR\n    sorry_server 10.9.0.99 80"},
			"20:5: warning: virtual_server 198.51.100.80:80: DR: sorry server 10.9.0.99 is in no network of this host: the director needs an interface there, since DR changes only the MAC address and no router passes such a packet on (where a router is between, write lb_kind TUN)\n"},
		{"NAT servers behind a router", nil, []string{"lb_kind DR", "lb_kind NAT", "10.0.0.11", "10.9.0.11"},
			"20:5: note: virtual_server 198.51.100.80:80: NAT: real_server 10.9.0.11 is behind a router: it, and every router between, must send the replies to clients through this director (FULLNAT has no such need)\n"},
		{"FULLNAT servers behind a router", nil, []string{"lb_kind DR", "lb_kind FULLNAT\n    snat_pool 10.0.0.90 dev eth1", "10.0.0.11", "10.9.0.11"}, ""},
		{"a tunnel as it is", nil, []string{"lb_kind DR", "lb_kind TUN", "10.0.0.11", "192.0.2.11"},
			"20:5: note: virtual_server 198.51.100.80:80: TUN: packets of more than 1480 bytes do not fit through the tunnel to real_server 192.0.2.11 by eth0 (MTU 1500): large uploads hang where a firewall keeps that from the client " +
				"(an MTU of 1520 towards the servers, or advmss 1440 in their routes to clients)\n"},
		{"a tunnel of GUE with checksums", nil, []string{"lb_kind DR", "lb_kind TUN type gue port 5555 remcsum"},
			"20:5: note: virtual_server 198.51.100.80:80: TUN: packets of more than 1460 bytes do not fit through the tunnel to real_server 10.0.0.11 by eth1 (MTU 1500): large uploads hang where a firewall keeps that from the client " +
				"(an MTU of 1540 towards the servers, or advmss 1420 in their routes to clients)\n"},
		{"a tunnel with room", has("eth1", func(in *Interface) { in.MTU = 9000 }), []string{"lb_kind DR", "lb_kind TUN"}, ""},
		{"a tunnel to nobody knows where", func(h *Host) { h.Interface("eth0").Default4 = false }, []string{"lb_kind DR", "lb_kind TUN", "10.0.0.11", "192.0.2.11", "10.7.0.11", "192.0.2.12"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := directorHost()
			if tt.host != nil {
				tt.host(h)
			}
			f, found := ReadText("a.conf", []byte(replaceIn(fitting, tt.pairs...)), Options{})
			if found.Count(Error)+found.Count(Fatal) > 0 {
				t.Fatalf("the file is not usable:\n%s", lines(found))
			}
			if diff := cmp.Diff(tt.want, shortest(f.OnHost(h))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOnNoHost judges what there is nothing to judge by.
func TestOnNoHost(t *testing.T) {
	f, _ := ReadText("a.conf", []byte(fitting), Options{})
	if found := f.OnHost(nil); found != nil {
		t.Errorf("without a host: %v", found)
	}
	refused, _ := ReadText("a.conf", []byte("vrrp_instance A { }"), Options{})
	if found := refused.OnHost(directorHost()); found != nil {
		t.Errorf("of a file that is refused: %v", found)
	}
}

// FuzzOnHost holds that whatever a file says can be read and judged on a host,
// and that but for missing interfaces nothing on a host without programs is worse than a warning.
func FuzzOnHost(f *testing.F) {
	f.Add(fitting)
	f.Add(templated)
	f.Fuzz(func(t *testing.T, text string) {
		h := directorHost()
		file, _ := ReadText("a.conf", []byte(text), Options{Host: h})
		for _, d := range file.OnHost(h) {
			if d.Severity < Warning && d.Class != MissingInterface {
				t.Errorf("%s", d)
			}
		}
	})
}
