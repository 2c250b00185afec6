package meaning

import (
	"maps"
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
	key, ours, theirs    string
	ourFacts, theirFacts facts
	found                conf.Diagnostics // about the file
}

// says tells whether a finding about the file holds all the parts.
func (d difference) says(parts ...string) bool {
	return slices.ContainsFunc(d.found, func(f conf.Diagnostic) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(f.Message, p) })
	})
}

// block is what findings call the block that the fact is about.
func (d difference) block() string {
	words := strings.Fields(d.key)
	n := min(2, len(words))
	if len(words) > 2 && words[1] == "fwmark" {
		n = 3
	}
	return strings.Join(words[:n], " ") + ": "
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
	{"what is never announced again has a number all the same", func(d difference) bool {
		of, ok := strings.CutSuffix(d.key, " garp_master_refresh_repeat")
		return ok && d.ours == "1" && d.theirs == "0" && d.ourFacts[of+" garp_master_refresh"] == "0"
	}},
	{"unicast_peer costs an instance in strict mode, as in keepalived 2.4", func(d difference) bool {
		words := strings.Fields(d.key)
		return words[0] == "vrrp_instance" && d.ours == "" && d.says("vrrp_instance "+words[1]+": the block is ignored: strict mode has no unicast_peer")
	}},
	{"IPv6 is version 3 always", func(d difference) bool {
		return d.says(d.block() + "version 2 is ignored: it has no IPv6")
	}},
	{"a virtual router of version 2 without an address is not run: it would be for its scripts only", func(d difference) bool {
		words := strings.Fields(d.key)
		return words[0] == "vrrp_instance" && d.ours == "" && d.theirFacts["vrrp_instance "+words[1]+" virtual_ipaddress "+inOrder] == ""
	}},
	{"an address that is listed twice is one", func(d difference) bool {
		_, entry, ok := strings.Cut(d.key, " virtual_ipaddress")
		entry = strings.TrimSuffix(entry[strings.Index(entry, " ")+1:], inOrder)
		addr, _, one := strings.Cut(entry, "/")
		if one {
			addr += " "
		}
		return ok && d.says(d.block()+"address "+addr, "is listed twice")
	}},
	{"an unknown block is skipped whole, where its lines count for the block around it and its } ends that", func(d difference) bool {
		return slices.ContainsFunc(d.found, func(f conf.Diagnostic) bool {
			return strings.Contains(f.Message, "unknown keyword") && strings.HasSuffix(f.Message, "it and its block are ignored")
		})
	}},
	{"keepalived calls the interface of use_vmac that of the instance, and has it behind each address", func(d difference) bool {
		return strings.Contains(d.theirs, "vmac") || strings.Contains(d.key, "virtual_ipaddress") && strings.Contains(d.theirs, "@")
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
	{"a server of a firewall mark keeps its port", func(d difference) bool {
		words := strings.Fields(d.key)
		if len(words) < 5 || words[1] != "fwmark" || words[3] != "real_server" {
			return false
		}
		server := words[4]
		unported := server[:strings.LastIndex(server, ":")] + ":0"
		if server != unported {
			_, ok := d.theirFacts[strings.Replace(d.key, server, unported, 1)]
			return ok && d.theirs == ""
		}
		return d.ours == "" && slices.ContainsFunc(slices.Collect(maps.Keys(d.ourFacts)), func(key string) bool {
			return strings.HasPrefix(key, strings.Join(words[:4], " ")+" "+strings.TrimSuffix(unported, "0"))
		})
	}},
	{"a virtual_server_group is of one family", func(d difference) bool {
		return strings.HasSuffix(d.key, " members") && d.says("virtual_server_group ", " is ignored: the members above are ")
	}},
	{"a number with a unit, or with anything else behind it, is refused", func(d difference) bool {
		words := strings.Fields(d.key)
		of := []string{d.block()}
		if words[0] != "virtual_server" { // One fact says a whole server or check.
			of = append(of, words[len(words)-1]+" ")
		}
		return d.says(append(of, "\" is ", " a number from ")...) || d.says(append(of, "\" is ignored: it takes ", " seconds")...)
	}},
	{"a block without its braces takes no statement of those behind it", func(d difference) bool {
		return d.says(d.block(), " lacks its b")
	}},
	{"the own address is no peer", func(d difference) bool {
		words := strings.Fields(d.key)
		return len(words) == 4 && words[2] == "unicast_peer" && d.ours == "" && d.says(d.block()+"unicast_peer "+words[3]+" is left out")
	}},
	{"a quorum above a total weight of 0 is 1, where keepalived's is 0 and always reached", func(d difference) bool {
		words := strings.Fields(d.key)
		last := len(words) - 1
		service := strings.Join(words[:last], " ")
		if words[last] != "quorum" && words[last] != "hysteresis" || d.theirFacts[service+" quorum"] != "0" {
			return false
		}
		for key, v := range d.theirFacts {
			if strings.HasPrefix(key, service+" real_server ") && !strings.Contains(key, " check ") && !strings.HasPrefix(v, "weight 0 ") {
				return false
			}
		}
		return true
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
