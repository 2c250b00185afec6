package conf

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// metricOptions are the properties of a path by the options that say them.
var metricOptions = map[string]vrrp.Metric{
	"mtu": vrrp.MetricMTU, "window": vrrp.MetricWindow, "rtt": vrrp.MetricRTT, "rttvar": vrrp.MetricRTTVar,
	"ssthresh": vrrp.MetricSSThresh, "cwnd": vrrp.MetricCwnd, "advmss": vrrp.MetricAdvMSS,
	"reordering": vrrp.MetricReordering, "hoplimit": vrrp.MetricHopLimit, "initcwnd": vrrp.MetricInitCwnd,
	"features": vrrp.MetricFeatures, "rto_min": vrrp.MetricRTOMin, "initrwnd": vrrp.MetricInitRwnd,
	"quickack": vrrp.MetricQuickAck, "fastopen_no_cookie": vrrp.MetricFastOpenNoCookie,
}

// value is the route as the kernel shall have it. A name that this host has no
// number for costs the line: it would lead somewhere else.
func (r route) value(l *loader, line syntax.Word) (vrrp.Route, bool) {
	names := &resolver{host: l.options.Host}
	v := vrrp.Route{To: r.to, Kind: vrrp.RouteKind(max(0, slices.Index(routeKinds, r.kind)))}
	if !v.To.IsValid() {
		v.To = netip.PrefixFrom(zeroAddr(r.family), 0)
	}
	scoped := false
	for _, o := range r.options {
		last := ""
		if len(o.values) > 0 {
			last = o.values[len(o.values)-1]
		}
		lock := len(o.values) > 0 && o.values[0] == "lock"
		if which, ok := metricOptions[o.name]; ok {
			// As in ip route the kernel must not go below a least timeout that is said.
			v.Metrics.Say(which, metricValue(o.name, last), lock || o.name == "rto_min")
			continue
		}
		switch o.name {
		case "dev":
			v.Dev = last
		case "via":
			v.Via = netip.MustParseAddr(last)
		case "src":
			v.Source = netip.MustParseAddr(last)
		case "from":
			v.From = netip.MustParsePrefix(last)
		case "table":
			v.Table = names.table(last)
		case "metric":
			v.Metric = number32(last)
		case "scope":
			v.Scope, _ = parseScope(last)
			scoped = true
		case "protocol":
			v.Protocol = names.protocol(last)
		case "tos":
			v.TOS = names.dsfield(last)
		case "onlink":
			v.OnLink = true
		case "expires":
			v.Expires = time.Duration(number32(last)) * time.Second
		case "congctl":
			v.Congestion, v.LockCongestion = last, lock
		case "pref":
			v.Preference = map[string]vrrp.RoutePreference{"low": vrrp.PreferLow, "high": vrrp.PreferHigh}[last]
		case "ttl-propagate":
			v.TTLPropagate = vrrp.Say(last == "enabled")
		case "realms":
			v.Realms = names.realms(last)
		case "encap":
			v.Encap = encapValue(o.values)
		case "add":
			v.Place = vrrp.Alone
		case "append":
			v.Place = vrrp.Append
		case "prepend":
			v.Place = vrrp.Prepend
		case "no_track":
			v.NoTrack = true
		}
	}
	for _, h := range r.hops {
		v.Hops = append(v.Hops, hopValue(names, h))
	}
	if !scoped && r.family == 4 {
		v.Scope = defaultScope(v)
	}
	return v, l.resolved(names, "route "+quote(routeLabel(r.to)), line)
}

// resolved reports a name that has no number.
func (l *loader) resolved(names *resolver, what string, line syntax.Word) bool {
	if names.unknown == "" {
		return true
	}
	_, name, _ := strings.Cut(names.unknown, " ")
	hint := ""
	if near := nearest(strings.ToLower(strings.Trim(name, `"`)), names.known); near != "" {
		hint = "did you mean " + near + "?"
	}
	if l.options.Host == nil {
		l.warnf(line.Pos, "write its number", "%s has no effect here: what number %s is only a host can tell", what, names.unknown)
		return false
	}
	if hint == "" {
		hint = "write its number, or the name into a file of /etc/iproute2"
	}
	l.errorf(line.Pos, hint, "%s is ignored: this host has no number for %s", what, names.unknown)
	return false
}

func routeLabel(to netip.Prefix) string {
	if !to.IsValid() {
		return "default"
	}
	return to.String()
}

// defaultScope is that of ip route where the line says none.
func defaultScope(v vrrp.Route) uint8 {
	const link, host = 253, 254
	switch v.Kind {
	case vrrp.Local:
		return host
	case vrrp.Broadcast, vrrp.Multicast, vrrp.Anycast:
		return link
	case vrrp.Unicast:
		if !v.Via.IsValid() && len(v.Hops) == 0 {
			return link
		}
	}
	return 0
}

// metricValue is a property of a path in the kernel's units.
func metricValue(name, text string) uint32 {
	switch name {
	case "features":
		return 1 // ecn is the only one
	case "rtt", "rttvar", "rto_min":
		return kernelTime(text, map[string]float64{"rtt": 8, "rttvar": 4, "rto_min": 1}[name])
	}
	return number32(text)
}

// kernelTime reads a time; one without a unit is the kernel's number already,
// whose units are that many to a millisecond.
func kernelTime(text string, units float64) uint32 {
	for _, unit := range [...]struct {
		name string
		ms   float64
	}{{"msecs", 1}, {"msec", 1}, {"ms", 1}, {"secs", 1000}, {"sec", 1000}, {"s", 1000}} {
		if number, ok := strings.CutSuffix(text, unit.name); ok {
			f, _ := strconv.ParseFloat(number, 64)
			return uint32(min(math.Round(f*unit.ms*units), math.MaxUint32))
		}
	}
	f, _ := strconv.ParseFloat(text, 64)
	return uint32(min(f, math.MaxUint32))
}

func hopValue(names *resolver, options []option) (h vrrp.Hop) {
	for _, o := range options {
		last := ""
		if len(o.values) > 0 {
			last = o.values[0]
		}
		switch o.name {
		case "dev":
			h.Dev = last
		case "via":
			h.Via = netip.MustParseAddr(last)
		case "weight":
			h.Weight = uint16(number32(last))
		case "onlink":
			h.OnLink = true
		case "realms":
			h.Realms = names.realms(last)
		case "encap":
			h.Encap = encapValue(o.values)
		}
	}
	return h
}

// encapValue is a tunnel by its words, which were checked.
func encapValue(words []string) (e vrrp.Encap) {
	e.Kind = map[string]vrrp.EncapKind{"ip": vrrp.EncapIP, "ip6": vrrp.EncapIP6, "mpls": vrrp.EncapMPLS, "ila": vrrp.EncapILA}[words[0]]
	switch e.Kind {
	case vrrp.EncapMPLS:
		for label := range strings.SplitSeq(words[1], "/") {
			e.Labels[e.Depth] = number32(label)
			e.Depth++
		}
		return e
	case vrrp.EncapILA:
		for part := range strings.SplitSeq(words[1], ":") {
			n, _ := unsigned("0x"+part, 1<<16-1)
			e.Locator = e.Locator<<16 | n
		}
		return e
	}
	for i := 1; i+1 < len(words); i += 2 {
		text := words[i+1]
		n, _ := unsigned(text, math.MaxUint64)
		switch words[i] {
		case "id":
			e.ID = n
		case "dst":
			e.Dst = netip.MustParseAddr(text)
		case "src":
			e.Src = netip.MustParseAddr(text)
		case "tos", "tc":
			e.TOS = (&resolver{}).dsfield(text)
		case "ttl", "hoplimit":
			e.TTL = uint8(n)
		case "flags":
			e.Flags = uint16(n)
		}
	}
	return e
}

// number32 reads a number that was checked.
func number32(text string) uint32 {
	n, _ := unsigned(text, maxNumber)
	return uint32(n)
}

func zeroAddr(family int) netip.Addr {
	if family == 6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
