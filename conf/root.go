package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// rootBlock is what stands at the top level of a file.
var rootBlock = block[none]{"the top level", slices.Concat([]row[none]{
	custom("global_defs", "{ }", readGlobals).only().
		doc("", "settings of the whole director, and defaults of the instances below; several blocks add up"),
	// A word too many voids it, as in keepalived.
	custom("vrrp_instance", "NAME { }", readInstance).strict().
		doc("", "one virtual router: the addresses that move together, and how"),
	custom("vrrp_sync_group", "NAME { }", readGroup).
		doc("", "instances that change state together"),
	custom("virtual_server", "IP|fwmark|group [PORT|N|NAME] { }", readService).
		doc("", "a service that IPVS balances, by its address and port, by a firewall mark, or by a virtual_server_group"),
	custom("virtual_server_group", "NAME { MEMBER ... }", readServerGroup).
		doc("", "addresses, ranges of them and firewall marks that are one service"),

	custom("vrrp_script", "NAME { }", readScript).doc("", "program that is run again and again; whether it fails can be tracked"),
	custom("track_file", "NAME { }", readTrackFile).doc("", "file whose number can be tracked"),
	custom("vrrp_track_file", "NAME { }", readTrackFile).otherName("track_file").doc("", "deprecated"),
	custom("vrrp_track_process", "NAME { }", readTrackProcess).doc("", "processes whose number can be tracked"),
	custom("track_group", "NAME { }", readTrackGroup).holding(trackGroupBlock).
		doc("", "instances that are in fault while a static address, route or rule is missing that names the group"),
	custom("garp_group", "{ }", readGARPGroup).holding(garpGroupBlock).doc("", "how fast gratuitous ARP leaves by some interfaces"),
	custom("bfd_instance", "NAME { }", readBFD).doc("", "session of Bidirectional Forwarding Detection that can be tracked"),
	custom("SSL", "{ }", readSSL).later().within(blockSection).holding(sslBlock).only().doc("", "what HTTPS checks prove themselves with"),
	custom("static_ipaddress", "{ ADDRESS ... }", readStaticAddresses).doc("", "addresses that are set in every state"),
	custom("static_routes", "{ ROUTE ... }", readStaticRoutes).doc("", "routes that are set in every state"),
	custom("static_rules", "{ RULE ... }", readStaticRules).doc("", "policy rules that are set in every state"),
}, processRootRows)}

// tables are those of all blocks, the outer ones first. It is what the reference
// of the keywords is made of, and the guess at what was meant.
func tables() []table {
	all := []table{
		rootBlock, globalBlock, instanceBlock, authBlock, groupBlock,
		serviceBlock, serverBlock, tcpBlock, httpBlock, urlBlock,
		scriptBlock, trackFileBlock, trackProcessBlock, bfdBlock,
		trackGroupBlock, garpGroupBlock, sslBlock, hmacBlock,
	}
	return append(all, unbuiltCheckers...)
}

// finish judges what only the whole file can tell, and gives the result. Each
// step needs those before it: a service its group, a snat_pool the instance
// that its service floats with, a kernel setting the services that need it, and
// the sync daemon an id, which may be that of any instance.
func (l *loader) finish() Config {
	groups := l.finishGroups()
	l.finishServices(groups)
	cfg := Config{
		File: l.file, RouterID: l.global.routerID, Timeouts: l.global.timeouts, Connections: l.global.connections, Process: l.global.process,
		Sysctls: l.finishSysctls(),
	}
	cfg.VRRP.Instances = slices.Grow(cfg.VRRP.Instances, len(l.instances))
	taken := make(map[string]bool) // names of interfaces
	for _, in := range l.instances {
		in.finishOwn(l, taken)
	}
	for _, in := range l.instances {
		in.trackNoOwn(l, taken)
		in.Items = itemsOf(in.tracks)
		cfg.VRRP.Instances = append(cfg.VRRP.Instances, in.Instance)
		cfg.Interfaces = append(cfg.Interfaces, in.uses...)
	}
	cfg.VRRP.Groups = groups
	for _, g := range l.groups {
		cfg.Interfaces = append(cfg.Interfaces, g.uses()...)
	}
	l.finishFollowed(&cfg)
	l.finishRouters(&cfg.VRRP)
	l.finishNotify(&cfg)
	cfg.Services = slices.Grow(cfg.Services, len(l.services))
	for _, s := range l.services {
		cfg.Services = append(cfg.Services, s.result())
	}
	if sync := l.finishSync(); sync != nil {
		cfg.Sync, cfg.SyncInstance = &sync.Config, sync.instance
		cfg.Interfaces = append(cfg.Interfaces, sync.use)
	}
	l.finishTracked()
	l.finishTrackGroups()
	cfg.VRRP.Static = l.finishStatic()
	cfg.Interfaces = append(cfg.Interfaces, l.kept.uses...)
	l.finishIdle()
	if len(l.instances)+len(l.services) == 0 && !l.found.Fatal() {
		l.warnf(syntax.Pos{File: l.file}, "", "there is no vrrp_instance and no virtual_server: nothing to do")
	}
	cfg.Interfaces = slices.DeleteFunc(cfg.Interfaces, func(u InterfaceUse) bool { return taken[u.Name] }) // made by tandem
	sortUses(cfg.Interfaces)
	return cfg
}
