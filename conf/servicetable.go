package conf

import (
	"math"
	"slices"
	"strings"
)

// serviceBlock is the table of virtual_server. A dump shows its keywords in this
// order: what must stand below another one does.
var serviceBlock = block[service]{"virtual_server", slices.Concat([]row[service]{
	custom("lb_algo", strings.Join(schedulers, "|"), (*service).setScheduler).
		doc(defaultScheduler, "how the real server of a new connection is chosen").
		shown(func(v *service) []Node { return statement("lb_algo", v.IPVS.Scheduler) }),
	custom("lvs_sched", strings.Join(schedulers, "|"), (*service).setScheduler).otherName("lb_algo").
		doc(defaultScheduler, "the newer name of lb_algo"),
	custom("lb_kind", methodArgs, (*service).setMethod).
		departing("one that cannot be costs the block, where keepalived takes NAT; FULLNAT is tandem's own").
		doc("NAT", "how packets reach the real servers").
		shown(func(v *service) []Node { return showMethod("lb_kind", v.method) }),
	custom("lvs_method", methodArgs, (*service).setMethod).otherName("lb_kind").
		doc("NAT", "the newer name of lb_kind"),
	custom("protocol", "TCP|UDP|SCTP", (*service).setProtocol).
		doc("UDP", "the protocol of the service, in any case; a firewall mark has none").
		shown((*service).showProtocol),
}, flagRows(), []row[service]{
	custom("persistence_timeout", "[SECONDS]", (*service).setPersistence).
		doc("off; 360 without a number", "a client keeps its real server until it has been away for so long").
		shown(func(v *service) []Node {
			if v.IPVS.Timeout == 0 {
				return nil
			}
			return statement("persistence_timeout", v.IPVS.Timeout)
		}),
	custom("persistence_granularity", "MASK|PREFIX", (*service).setGranularity).
		doc("each client for itself", "clients of one network, by an IPv4 mask or an IPv6 prefix length, keep one real server").
		shown((*service).showGranularity),
	custom("persistence_engine", "sip", (*service).setEngine).
		departing("ignored where the kernel would drop packets for it or never ask it").
		doc("none", "what tells a client apart, instead of its address").
		shown(func(v *service) []Node {
			if v.IPVS.PE == "" {
				return nil
			}
			return statement("persistence_engine", v.IPVS.PE)
		}),
	custom("ip_family", "inet|inet6", (*service).setFamily).
		doc("that of the real servers", "the family of a firewall mark").
		shown((*service).showFamily),
	custom("sorry_server", "IP [PORT]", (*service).setSorry).
		doc("none", "the server that is used while the quorum is lost; its port is that of the service").
		shown(func(v *service) []Node {
			if v.Sorry == nil {
				return nil
			}
			return statement("sorry_server", addrValues(v.Sorry.Addr)...)
		}),
	custom("sorry_server_lvs_method", methodArgs, (*service).setSorryMethod).
		departing("one that cannot be costs the sorry server, where keepalived takes NAT; FULLNAT is tandem's own").
		doc("that of the service", "how packets reach the sorry server, which stands above").
		shown(func(v *service) []Node {
			if v.Sorry == nil {
				return nil
			}
			return showMethod("sorry_server_lvs_method", v.sorry)
		}),
	custom("sorry_server_inhibit", "", (*service).setSorryInhibit).
		doc("off", "the sorry server, which stands above, keeps the weight 0 instead of being removed").
		shown(func(v *service) []Node {
			if v.Sorry == nil || !v.Sorry.Inhibit {
				return nil
			}
			return statement("sorry_server_inhibit")
		}),
	number("weight", 1, math.MaxInt32, func(v *service) *int32 { return &v.weight }).
		doc("1", "the weight of the real servers that set none"),
	plain("alpha", func(v *service) *bool { return &v.alpha }).
		doc("off", "real servers count as down until their checks have passed"),
	plain("omega", func(v *service) *bool { return &v.Omega }).
		doc("off", "when the director stops, the scripts for servers that go down and for the quorum are run"),
	plain("inhibit_on_failure", func(v *service) *bool { return &v.inhibit }).
		doc("off", "a failed server gets the weight 0 instead of being removed: its connections stay with it"),
	custom("quorum", "1..", (*service).setQuorum).
		departing("above a total weight of 0 it is 1, where keepalived's is 0 and always reached").
		doc("1", "the weight of healthy servers that the service needs, else the sorry server serves").
		shown(func(v *service) []Node { return statement("quorum", v.Quorum) }),
	number("hysteresis", 0, math.MaxInt32, func(v *service) *int { return &v.Hysteresis }).
		doc("0", "the quorum is gained with so much more weight, and lost with so much less"),
	overwriting(text("virtualhost", "STRING", func(v *service) *string { return &v.virtualHost }), func(v *service) string { return v.virtualHost }).
		doc("the address that is checked", "the Host that HTTP checks ask for"),
	obsolete[service]("hashed", "the kernel sets that flag itself"),
	obsolete[service]("nat_mask", "keepalived has not known it for years"),
	obsolete[service]("net_mask", "keepalived has never known it"),

	// tandem's own.
	custom("snat_pool", "IP[-IP] ... [dev IF]", (*service).addPool).own().adding().
		doc("none", "the source addresses of FULLNAT").
		shown((*service).showPool),
	custom("mark_match", "IP tcp|udp|sctp [PORTS ...]", (*service).addMatch).own().adding().
		doc("none", "packets that get the firewall mark").
		shown((*service).showMatches),
}, timingRows(1, serviceTiming, func(v *service) *timing { return &v.timing }), laterService(), []row[service]{
	custom("real_server", "IP [PORT] { }", (*service).readServer).holding(serverBlock).
		departing("of another family than the service it is ignored where lvs_sync_daemon is configured; under a firewall mark it keeps its port").
		doc("none", "a server that connections are sent to; its port is that of the service").
		shown(func(v *service) []Node { return nodesOf(v.servers...) }),
})}

// laterService are the keywords of virtual_server that are not built yet.
func laterService() []row[service] {
	return []row[service]{
		warmup[service]("delay_loop"),
		plain[service]("ha_suspend", nil).later().doc("off", "no checks while this director does not hold the virtual address"),
		command[service]("quorum_up").later().single().doc("none", "a script that runs when the quorum is gained"),
		command[service]("quorum_down").later().single().doc("none", "a script that runs when the quorum is lost"),
		text[service]("snmp_name", "STRING", nil).inert(noSNMP).doc("none", "what SNMP calls the service"),
		boolean[service]("smtp_alert", nil).later().withOthers("mail", "no mail is sent").doc("off", "a mail when the quorum is gained or lost"),
	}
}
