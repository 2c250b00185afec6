package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// rootBlock is what stands at the top level of a file.
var rootBlock = block[none]{"the top level", []row[none]{
	custom("global_defs", "{ }", readGlobals),
	custom("vrrp_instance", "NAME { }", readInstance).strict(), // as in keepalived
	custom("vrrp_sync_group", "NAME { }", readGroup),
	custom("virtual_server", "IP|fwmark|group [PORT|N|NAME] { }", readService),
	custom("virtual_server_group", "NAME { MEMBER ... }", readServerGroup),

	laterBlock[none]("vrrp_script", "NAME { }", scriptBlock),
	laterBlock[none]("track_file", "NAME { }", trackFileBlock),
	laterBlock[none]("vrrp_track_file", "NAME { }", trackFileBlock),
	laterBlock[none]("vrrp_track_process", "NAME { }", trackProcessBlock),
	laterBlock[none]("track_group", "NAME { }", trackGroupBlock),
	laterBlock[none]("garp_group", "{ }", garpGroupBlock),
	laterBlock[none]("bfd_instance", "NAME { }", bfdBlock),
	laterBlock[none]("SSL", "{ }", sslBlock),
	later[none]("static_ipaddress", "{ ADDRESS ... }"),
	later[none]("static_routes", "{ ROUTE ... }"),
	later[none]("static_rules", "{ RULE ... }"),
	later[none]("linkbeat_interfaces", "{ IF ... }"),
	later[none]("interface_up_down_delays", "{ IF DOWN [UP] ... }"),
	later[none]("net_namespace", "NAME"),
	later[none]("net_namespace_ipvs", "[NAME]"),
	later[none]("namespace_with_ipsets", ""),
	later[none]("instance", "NAME"),
	later[none]("use_pid_dir", ""),
	later[none]("linkbeat_use_polling", ""),
	later[none]("child_wait_time", "SECONDS"),
}}

// homes finds for every keyword where it may stand.
func homes() map[string][]string {
	m := make(map[string][]string)
	add := func(block string, names []string) {
		for _, n := range names {
			if home := "in " + block; !slices.Contains(m[n], home) {
				m[n] = append(m[n], home)
			}
		}
	}
	for _, n := range rootBlock.names() {
		m[n] = append(m[n], "at "+rootBlock.name)
	}
	add(globalBlock.name, globalBlock.names())
	add(instanceBlock.name, instanceBlock.names())
	add(authBlock.name, authBlock.names())
	add(groupBlock.name, groupBlock.names())
	add(serviceBlock.name, serviceBlock.names())
	add(serverBlock.name, serverBlock.names())
	add(tcpBlock.name, tcpBlock.names())
	add(httpBlock.name, httpBlock.names())
	add(urlBlock.name, urlBlock.names())
	for _, b := range laterBlocks {
		add(b.name, b.names())
	}
	return m
}

// finish judges what only the whole file can tell, and gives the result. Each
// step needs those before it: a service its group, a snat_pool the instance
// that its service floats with, a kernel setting the services that need it, and
// the sync daemon an id, which may be that of any instance.
func (l *loader) finish() Config {
	groups := l.finishGroups()
	l.finishServices(groups)
	cfg := Config{
		File: l.file, RouterID: l.global.routerID, Timeouts: l.global.timeouts, Connections: l.global.connections,
		Sysctls: l.finishSysctls(),
	}
	for _, in := range l.instances {
		cfg.VRRP.Instances = append(cfg.VRRP.Instances, in.Instance)
		cfg.Interfaces = append(cfg.Interfaces, in.uses...)
	}
	cfg.VRRP.Groups = groups
	cfg.Services = slices.Grow(cfg.Services, len(l.services))
	for _, s := range l.services {
		cfg.Services = append(cfg.Services, s.result())
	}
	if sync := l.finishSync(); sync != nil {
		cfg.Sync, cfg.SyncInstance = &sync.Config, sync.instance
		cfg.Interfaces = append(cfg.Interfaces, sync.use)
	}
	if len(l.instances)+len(l.services) == 0 && !l.found.Fatal() {
		l.warnf(syntax.Pos{File: l.file}, "", "there is no vrrp_instance and no virtual_server: nothing to do")
	}
	sortUses(cfg.Interfaces)
	return cfg
}
