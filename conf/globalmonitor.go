package conf

import (
	"time"
)

// Why nobody misses keepalived's two other ways to be asked.
const (
	noSNMP = "tandem has no SNMP agent: ask tandem status --json"
	noDBus = "tandem has no D-Bus interface: ask tandem status --json"
)

// monitorRows are the keywords of global_defs about SNMP and D-Bus.
var monitorRows = []row[globals]{
	once(text[globals]("snmp_socket", "ADDRESS", nil).inert(noSNMP)).
		doc("unix:/var/agentx/master", "where the AgentX master listens"),
	plain[globals]("enable_snmp_vrrp", nil).inert(noSNMP).
		doc("off", "answer for keepalived's VRRP tables"),
	plain[globals]("enable_snmp_keepalived", nil).inert(noSNMP).otherName("enable_snmp_vrrp").
		doc("off", "the old name of enable_snmp_vrrp"),
	plain[globals]("enable_snmp_checker", nil).inert(noSNMP).
		doc("off", "answer for keepalived's tables of virtual servers"),
	plain[globals]("enable_snmp_rfc", nil).inert(noSNMP).
		doc("off", "answer for both RFC tables"),
	plain[globals]("enable_snmp_rfcv2", nil).inert(noSNMP).
		doc("off", "answer for the table of RFC 2787"),
	plain[globals]("enable_snmp_rfcv3", nil).inert(noSNMP).
		doc("off", "answer for the table of RFC 6527"),
	plain[globals]("enable_traps", nil).inert(noSNMP).
		doc("off", "send traps"),
	seconds[globals]("snmp_vs_stats_update_interval", time.Millisecond, 30*time.Second, nil).inert(noSNMP).
		doc("5", "how old the counters of virtual servers may be"),
	seconds[globals]("snmp_rs_stats_update_interval", time.Millisecond, 30*time.Second, nil).inert(noSNMP).
		doc("as snmp_vs_stats_update_interval", "how old those of real servers may be"),
	plain[globals]("enable_dbus", nil).inert(noDBus).
		doc("off", "answer on the system's bus"),
	custom("dbus_service_name", "NAME", checkWords).inert(noDBus).
		doc("org.keepalived.Vrrp1", "the name on that bus"),
	custom("dbus_no_interface_name", "NAME", checkWords).inert(noDBus).
		doc("none", "what stands for the interface of an instance that has none"),
}
