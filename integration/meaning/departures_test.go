package meaning

import (
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf"
)

// departure is a difference that is meant, and why.
type departure struct {
	why      string
	explains func(d difference) bool
}

// difference is a fact that the two do not share; empty: one has none.
type difference struct {
	key, ours, theirs string
	theirFacts        facts
	found             conf.Diagnostics // about the file
}

func (d difference) String() string {
	return d.key + ": tandem " + quoted(d.ours) + ", keepalived " + quoted(d.theirs)
}

func quoted(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// departures are all of them. Each is in the table of conf/README.md too.
var departures = []departure{
	{"an address is announced again every minute, where keepalived does not unless it is told", func(d difference) bool {
		return strings.HasSuffix(d.key, " garp_master_refresh") && d.ours == "60" && d.theirs == "0"
	}},
	{"IPv6 virtual routers are not supported yet", func(d difference) bool {
		words := strings.Fields(d.key)
		if words[0] != "vrrp_instance" || d.ours != "" {
			return false
		}
		first := d.theirFacts["vrrp_instance "+words[1]+" virtual_ipaddress 0"]
		return strings.Count(first, ":") > 1
	}},
	{"a virtual router of version 2 without an address is not run: it would be for its scripts only", func(d difference) bool {
		words := strings.Fields(d.key)
		return words[0] == "vrrp_instance" && d.ours == "" && d.theirFacts["vrrp_instance "+words[1]+" virtual_ipaddress 0"] == ""
	}},
	{"an address that is listed twice is one", func(d difference) bool {
		return strings.Contains(d.key, " virtual_ipaddress ") && d.ours == "" && slices.ContainsFunc(d.found, func(f conf.Diagnostic) bool {
			return strings.HasSuffix(f.Message, "is listed twice")
		})
	}},
	{"an unknown block is skipped whole, where its lines count for the block around it and its } ends that", func(d difference) bool {
		return slices.ContainsFunc(d.found, func(f conf.Diagnostic) bool {
			return strings.Contains(f.Message, "unknown keyword") && strings.HasSuffix(f.Message, "it and its block are ignored")
		})
	}},
	{"use_vmac is not supported yet: the instance is on the interface itself", func(d difference) bool {
		return strings.Contains(d.theirs, "vmac") || strings.Contains(d.theirs, "vrrp.")
	}},
	{"the sync daemon has the VRID of an instance as its id, never 0", func(d difference) bool {
		return d.key == "lvs_sync_daemon id" && (d.theirs == "0" || d.theirs == "")
	}},
	{"a sorry server without a port has that of the service", func(d difference) bool {
		return strings.Contains(d.key, " sorry_server ") && (d.theirs == "" || strings.HasSuffix(d.key, ":0"))
	}},
	{"a forwarding method that cannot be costs its block, where keepalived takes NAT", func(d difference) bool {
		words := strings.Fields(d.key)
		return d.ours == "" && words[0] == "virtual_server" && slices.ContainsFunc(d.found, func(f conf.Diagnostic) bool {
			return strings.Contains(f.Message, "virtual_server "+words[1]) && strings.Contains(f.Message, "the block is ignored: it takes NAT")
		})
	}},
	{"checks of this kind are not supported yet", func(d difference) bool {
		if !strings.Contains(d.key, " check ") || d.ours != "" {
			return false
		}
		kind, _, _ := strings.Cut(d.theirs, " ")
		return kind != "TCP_CHECK" && kind != "HTTP_GET"
	}},
}

// reason finds why a difference is meant; empty: it is not.
func reason(d difference) string {
	for _, dep := range departures {
		if dep.explains(d) {
			return dep.why
		}
	}
	return ""
}
