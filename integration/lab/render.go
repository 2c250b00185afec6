package lab

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

func (p Plan) writeGlobal(w *confWriter, d Director, o ConfigOptions, instances []instance) {
	w.open("global_defs")
	w.line("router_id %s", d)
	w.line("vrrp_version %d", o.Version)
	if !o.NoSync {
		w.line("lvs_sync_daemon %s %s id %d", InsideLink, instances[0].name, instances[0].vrid)
	}
	w.text(o.Global)
	w.close()
	if !p.hasGateway() {
		return
	}
	w.open("vrrp_sync_group both_sides")
	w.open("group")
	for _, in := range instances {
		w.line("%s", in.name)
	}
	w.close()
	w.close()
}

func (p Plan) writeInstance(w *confWriter, d Director, o ConfigOptions, in instance) {
	own, peer := p.Legs(d), p.Legs(d.Other())
	from, to, other := own.Outside.Addr, peer.Outside.Addr, Inside
	if in.side == Inside {
		from, to, other = own.Inside.Addr, peer.Inside.Addr, Outside
	}
	w.open("vrrp_instance %s", in.name)
	w.line("state BACKUP")
	w.line("interface %s", in.side)
	w.line("virtual_router_id %d", in.vrid)
	w.line("priority %d", o.priority(d, in.index))
	w.line("advert_int %s", seconds(o.AdvertInt))
	if o.NoPreempt {
		w.line("nopreempt")
	}
	if o.Unicast {
		w.line("unicast_src_ip %s", from)
		w.open("unicast_peer")
		w.line("%s", to)
		w.close()
	}
	if o.Password != "" {
		w.open("authentication")
		w.line("auth_type PASS")
		w.line("auth_pass %s", o.Password)
		w.close()
	}
	if in.track {
		w.open("track_interface")
		w.line("%s", other)
		w.close()
	}
	w.open("virtual_ipaddress")
	for _, vip := range in.vips {
		w.line("%s/%d dev %s", vip, vip.BitLen(), in.side)
	}
	w.close()
	if len(in.vips6) > 0 {
		// An instance has one family; keepalived takes the other one here.
		w.open("virtual_ipaddress_excluded")
		for _, vip := range in.vips6 {
			w.line("%s/%d dev %s", vip, vip.BitLen(), in.side)
		}
		w.close()
	}
	w.close()
}

func (p Plan) writeService(w *confWriter, o ConfigOptions, vip netip.Addr, port int, check Check) {
	w.open("virtual_server %s %d", vip, port)
	w.line("delay_loop %s", seconds(o.DelayLoop))
	w.line("lb_algo %s", o.Scheduler)
	w.line("lb_kind %s", p.Mode)
	w.line("protocol TCP")
	for i, server := range p.Servers {
		weight := 1
		if i < len(o.Weights) {
			weight = o.Weights[i]
		}
		w.open("real_server %s %d", server.For(vip), port)
		w.line("weight %d", weight)
		w.open("%s", check)
		if check == HTTPGet {
			w.open("url")
			w.line("path %s", HealthPath)
			w.line("status_code 200")
			w.close()
		}
		w.line("connect_timeout 1")
		w.line("retry 1")
		w.line("delay_before_retry %s", seconds(o.DelayLoop))
		w.close()
		w.close()
	}
	w.close()
}

// seconds renders a duration as keepalived.conf takes it, such as 0.2.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// confWriter writes indented blocks.
type confWriter struct {
	strings.Builder
	depth int
}

func (w *confWriter) line(format string, args ...any) {
	fmt.Fprintf(w, "%s%s\n", strings.Repeat("    ", w.depth), fmt.Sprintf(format, args...))
}

func (w *confWriter) open(format string, args ...any) {
	if w.depth == 0 && w.Len() > 0 {
		w.WriteByte('\n')
	}
	w.line(format+" {", args...)
	w.depth++
}

func (w *confWriter) close() {
	w.depth--
	w.line("}")
}

// text writes lines of somebody else, indented to their place.
func (w *confWriter) text(text string) {
	for line := range strings.Lines(text) {
		w.line("%s", strings.TrimRight(line, "\n"))
	}
}
