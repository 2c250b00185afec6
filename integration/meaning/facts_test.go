package meaning

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/vrrp"
)

// facts are what a configuration means: the name of a thing and its value.
type facts map[string]string

// String has a fact on each line, sorted.
func (f facts) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&b, "%s = %s\n", k, f[k])
	}
	return b.String()
}

func (f facts) set(value any, key ...any) {
	f[strings.TrimSuffix(fmt.Sprintln(key...), "\n")] = fmt.Sprint(value)
}

// ours are the facts of what tandem would run.
func ours(c conf.Config) facts {
	f := facts{}
	if c.RouterID != "" {
		f.set(c.RouterID, "router_id")
	}
	for name, d := range map[string]time.Duration{"tcp": c.Timeouts.TCP, "tcpfin": c.Timeouts.TCPFin, "udp": c.Timeouts.UDP} {
		if d != 0 {
			f.set(seconds(d), "lvs_timeouts", name)
		}
	}
	if c.Sync != nil {
		f.set(c.Sync.Interface, "lvs_sync_daemon interface")
		f.set(c.Sync.SyncID, "lvs_sync_daemon id")
		if c.SyncInstance != "" {
			f.set(c.SyncInstance, "lvs_sync_daemon instance")
		}
	}
	f.routers(c.VRRP)
	for _, in := range c.VRRP.Instances {
		f.instance(in)
	}
	for _, g := range c.VRRP.Groups {
		f.set(strings.Join(g.Members, " "), "vrrp_sync_group", g.Name)
	}
	for _, s := range c.Services {
		f.service(s)
	}
	return f
}

func (f facts) instance(in vrrp.Instance) {
	say := func(value any, key ...any) {
		f.set(value, append([]any{"vrrp_instance", in.Name}, key...)...)
	}
	say(int(in.Version), "version")
	say(in.Interface, "interface")
	say(in.VRID, "virtual_router_id")
	say(in.Priority, "priority")
	say(seconds(in.Interval), "advert_int")
	say(!in.NoPreempt, "preempt")
	say(seconds(in.PreemptDelay), "preempt_delay")
	say(seconds(in.Announce.Delay), "garp_master_delay")
	say(in.Announce.Repeat, "garp_master_repeat")
	say(seconds(in.Announce.Refresh), "garp_master_refresh")
	say(in.Announce.RefreshRepeat, "garp_master_refresh_repeat")
	say(seconds(in.Announce.LowerDelay), "garp_lower_prio_delay")
	say(in.Announce.LowerRepeat, "garp_lower_prio_repeat")
	f.manners(in)
	if in.Auth != (vrrp.Password{}) && !in.AuthHeader {
		say(strings.TrimRight(string(in.Auth[:]), "\x00"), "auth_pass")
	}
	if in.Source.IsValid() {
		say(in.Source, "source")
	}
	var peers []entry
	for _, p := range in.Peers {
		said := "listed"
		if ttl, ok := in.Wire.PeerTTL[p]; ok {
			said = fmt.Sprintf("min_ttl %d max_ttl %d", ttl.Min, ttl.Max)
		}
		peers = append(peers, entry{p.String(), said})
	}
	f.list(peers, "vrrp_instance", in.Name, "unicast_peer")
	f.list(addresses(in, in.Addresses), "vrrp_instance", in.Name, "virtual_ipaddress")
	f.list(addresses(in, in.Excluded), "vrrp_instance", in.Name, "virtual_ipaddress_excluded")
	for _, t := range in.Track {
		say(fmt.Sprintf("weight %d%s", t.Weight, map[bool]string{true: " reverse"}[t.Reverse]), "track_interface", t.Name)
	}
	for _, t := range in.Items {
		keyword := [...]string{vrrp.Script: "track_script", vrrp.File: "track_file", vrrp.Process: "track_process", vrrp.BFD: "track_bfd"}[t.Kind]
		say(fmt.Sprintf("weight %d%s", t.Weight, map[bool]string{true: " reverse"}[t.Reverse]), keyword, t.Name)
	}
}

// routers are the facts about all instances together.
func (f facts) routers(c vrrp.Config) {
	for key, d := range map[string]time.Duration{
		"vrrp_garp_interval": c.Pacing.GARP, "vrrp_gna_interval": c.Pacing.GNA, "vrrp_startup_delay": c.StartupDelay,
	} {
		if d != 0 {
			f.set(seconds(d), key)
		}
	}
	for i, g := range c.Pacing.Groups {
		f.set(paced(strings.Join(slices.Sorted(slices.Values(g.Interfaces)), " "), seconds(g.GARP), seconds(g.GNA)), "garp_group", i)
	}
	for name, d := range c.LinkDelays {
		f.set(seconds(d.Down)+" "+seconds(d.Up), "interface_up_down_delays", name)
	}
}

func paced(interfaces, garp, gna string) string {
	return interfaces + " garp " + garp + " gna " + gna
}

// manners are the facts about how an instance behaves and what it sends.
func (f facts) manners(in vrrp.Instance) {
	say := func(value any, key string) { f.set(value, "vrrp_instance", in.Name, key) }
	say(cmp.Or(in.Manners.DownAdverts, 3), "down_timer_adverts")
	say(in.Manners.LowerPrioNoAdvert, "lower_prio_no_advert")
	say(in.Manners.HigherPrioAdvert, "higher_prio_send_advert")
	say(in.NoAccept, "no_accept")
	if in.Manners.IgnorePrimary {
		say(true, "dont_track_primary")
	}
	if in.AuthHeader {
		say("AH", "auth_type")
	}
	if len(in.Peers) == 0 {
		group := "224.0.0.18"
		if in.IPv6() {
			group = "ff02::12"
		}
		if in.Wire.Group.IsValid() {
			group = in.Wire.Group.String()
		}
		say(group, "mcast_dst_ip")
		return
	}
	say(in.Wire.CheckSource, "check_unicast_src")
	if !in.IPv6() {
		say(cmp.Or(int(in.Wire.UnicastTTL), 255), "unicast_ttl")
	}
	if form, ok := checksums[in.Wire.Checksum]; ok {
		say(form, "old_unicast_checksum")
	}
}

// checksums are the forms of unicast that a file can ask for, in keepalived's
// words.
var checksums = map[vrrp.ChecksumForm]string{vrrp.OldUnicast: "config", vrrp.NeverOldUnicast: "never"}

// entry is one of a list: its value, and what is said about it.
type entry struct{ value, said string }

// list has a fact for each entry by its value, and one for their order: an entry
// that is not there makes no other of those behind it.
func (f facts) list(entries []entry, key ...any) {
	if len(entries) == 0 {
		return
	}
	var order []string
	for _, e := range entries {
		f.set(e.said, append(slices.Clone(key), e.value)...)
		order = append(order, e.value)
	}
	f.set(strings.Join(order, " "), append(slices.Clone(key), inOrder)...)
}

// inOrder ends the key of the order of a list.
const inOrder = "in order"

func addresses(in vrrp.Instance, list []vrrp.Address) []entry {
	var all []entry
	for _, a := range list {
		all = append(all, entry{a.Prefix.String(), address(in, a)})
	}
	return all
}

// address is what is said about a virtual address, in one order.
func address(in vrrp.Instance, a vrrp.Address) string {
	s := "dev " + cmp.Or(a.Dev, in.Interface)
	if a.Broadcast.IsValid() {
		s += " brd " + a.Broadcast.String()
	}
	if a.Scope != 0 {
		s += " scope " + strconv.Itoa(int(a.Scope))
	}
	if a.Label != "" {
		s += " label " + a.Label
	}
	return s
}

func (f facts) service(s conf.Service) {
	keys := append([]ipvs.Key{s.Key}, s.Also...)
	name := keyName(keys[0])
	say := func(value any, key ...any) {
		f.set(value, append([]any{"virtual_server", name}, key...)...)
	}
	var members []string
	for _, k := range keys {
		members = append(members, keyName(k))
	}
	if len(members) > 1 {
		slices.Sort(members)
		say(strings.Join(members, ", "), "members")
	}
	if keys[0].FWMark == 0 {
		say(keys[0].Protocol, "protocol")
	}
	say(s.IPVS.Scheduler, "lb_algo")
	if flags := s.IPVS.Flags &^ ipvs.Persistent; flags != 0 {
		say(fmt.Sprintf("%#x", uint32(flags)), "flags")
	}
	if s.IPVS.Timeout > 0 {
		say(seconds(s.IPVS.Timeout), "persistence_timeout")
		if s.IPVS.Granularity != s.Key.Family.HostPrefix() {
			say(s.IPVS.Granularity, "persistence_granularity")
		}
	}
	say(s.Quorum, "quorum")
	say(s.Hysteresis, "hysteresis")
	say(s.Omega, "omega")
	if s.Sorry != nil {
		say(destination(s.Sorry.Dest), "sorry_server", s.Sorry.Addr)
	}
	checks := make(map[string]healthcheck.Spec)
	for _, c := range s.Checks {
		checks[string(c.Key)] = c.Spec
	}
	for _, r := range s.Servers {
		say(fmt.Sprintf("weight %d %s limits %d %d inhibit %v alpha %v", r.Dest.Weight, destination(r.Dest), r.Dest.Lower, r.Dest.Upper, r.Inhibit, r.Alpha),
			"real_server", r.Addr)
		for i, key := range r.Checks {
			say(check(checks[key]), "real_server", r.Addr, "check", i)
		}
	}
}

// destination is how packets get to a server.
func destination(d ipvs.Destination) string {
	s := d.Forwarding.String()
	if d.Tunnel != (ipvs.TunnelOptions{}) {
		s += fmt.Sprintf(" type %d port %d flags %d", d.Tunnel.Type, d.Tunnel.Port, d.Tunnel.Flags)
	}
	return s
}

// keyName is a key without its protocol, which keepalived has beside it.
func keyName(k ipvs.Key) string {
	if k.FWMark != 0 {
		return "fwmark " + strconv.Itoa(int(k.FWMark))
	}
	return k.Addr.String()
}

func check(s healthcheck.Spec) string {
	out := fmt.Sprintf("%s %s timeout %s every %s retry %d after %s", s.Kind, s.Target, seconds(s.Timeout), seconds(s.Interval), s.Retries, seconds(s.RetryDelay))
	if s.Bind.IsValid() {
		out += " from " + s.Bind.String()
	}
	for _, u := range s.HTTP {
		out += " url " + u.Path
		if u.Digest != "" {
			out += " digest " + u.Digest
		}
		if u.VirtualHost != "" {
			out += " host " + u.VirtualHost
		}
		codes := u.Status
		if len(codes) == 0 {
			codes = []healthcheck.StatusSet{{From: 200, To: 299}}
		}
		out += statuses(codes)
	}
	return out
}

// statuses are the ranges of status codes, those that overlap or touch as one.
func statuses(codes []healthcheck.StatusSet) string {
	codes = slices.Clone(codes)
	slices.SortFunc(codes, func(a, b healthcheck.StatusSet) int { return cmp.Compare(a.From, b.From) })
	var merged []healthcheck.StatusSet
	for _, c := range codes {
		if n := len(merged); n > 0 && c.From <= merged[n-1].To+1 {
			merged[n-1].To = max(merged[n-1].To, c.To)
			continue
		}
		merged = append(merged, c)
	}
	out := ""
	for _, c := range merged {
		out += fmt.Sprintf(" %d-%d", c.From, c.To)
	}
	return out
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// prefixed gives an address without a length the one of a host.
func prefixed(text string) string {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	return text
}
