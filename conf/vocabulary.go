package conf

import (
	"slices"
	"strings"
)

// vocabulary is every keyword, for what is said of words that are none where
// they stand.
type vocabulary struct {
	blocks map[string][]string // by the block's name, in the order of its table
	homes  map[string][]string // keyword -> where it may stand: "in vrrp_instance", "at the top level"
	all    []string            // sorted
	// private are the keywords and values of the blocks that hold passwords.
	private []string
}

// newVocabulary collects the keywords of all tables. Those that are gone are
// known, but nobody is sent to them.
func newVocabulary() *vocabulary {
	v := &vocabulary{blocks: make(map[string][]string), homes: make(map[string][]string)}
	for i, t := range tables() {
		home := "in " + t.title()
		if i == 0 {
			home = "at " + t.title()
		}
		if Private(t.title()) {
			v.private = append(v.private, privateWords(t)...)
		}
		for _, k := range t.keywords() {
			if k.effects == gone {
				continue
			}
			v.blocks[t.title()] = append(v.blocks[t.title()], k.name)
			if !slices.Contains(v.homes[k.name], home) {
				v.homes[k.name] = append(v.homes[k.name], home)
			}
		}
	}
	for name := range v.homes {
		v.all = append(v.all, name)
	}
	slices.Sort(v.all)
	return v
}

// home says where a keyword belongs, or some of the places.
func (v *vocabulary) home(word string) string {
	homes := v.homes[word]
	if len(homes) > 3 {
		return strings.Join(homes[:3], ", ") + " and others"
	}
	return strings.Join(homes, " or ")
}

// synonyms are words that people use for a keyword, each with the keyword.
var synonyms = map[string]string{
	"vip":                "virtual_ipaddress",
	"vips":               "virtual_ipaddress",
	"virtual_ip":         "virtual_ipaddress",
	"virtual_address":    "virtual_ipaddress",
	"vrid":               "virtual_router_id",
	"router_id":          "virtual_router_id",
	"prio":               "priority",
	"peer":               "unicast_peer",
	"peers":              "unicast_peer",
	"advertise_int":      "advert_int",
	"auth":               "authentication",
	"password":           "auth_pass",
	"scheduler":          "lb_algo",
	"balance":            "lb_algo",
	"algorithm":          "lb_algo",
	"server":             "real_server",
	"command":            "script",
	"members":            "group",
	"instances":          "group",
	"lvs_timeout":        "lvs_timeouts",
	"lvs_sync":           "lvs_sync_daemon",
	"http_check":         "HTTP_GET",
	"HTTP_CHECK":         "HTTP_GET",
	"https_check":        "SSL_GET",
	"HTTPS_GET":          "SSL_GET",
	"SSL_CHECK":          "SSL_GET",
	"MISC_CHECKER":       "MISC_CHECK",
	"expected_status":    "status_code",
	"nb_sock_retry":      "retry",
	"connection_timeout": "connect_timeout",
}

// foreign is the hint for a word of another program's configuration, or of no
// configuration at all.
func foreign(word string) string {
	switch {
	case foreignWords[word] != "":
		return foreignWords[word]
	case strings.Contains(word, "@") && (strings.HasPrefix(word, "[") || strings.Contains(word, ":") || strings.HasSuffix(word, "$")):
		return "it looks like the prompt of a shell"
	case strings.HasPrefix(word, "<<<<<<<"), strings.HasPrefix(word, "======="), strings.HasPrefix(word, ">>>>>>>"):
		return "it is left from a merge conflict"
	case strings.HasPrefix(word, "//"), strings.HasPrefix(word, "/*"), strings.HasPrefix(word, "--"):
		return "a comment begins with # or !"
	}
	return ""
}

const (
	isDPVS    = "it is of DPVS: "
	isHAProxy = "it is of HAProxy: "
	isNginx   = "it is of nginx: "
	useFNAT   = isDPVS + "write lb_kind FULLNAT, and snat_pool with the source addresses, into the virtual_server"
	useFilter = isDPVS + "let nftables choose who may come"
	useProxy  = isDPVS + "nftables has synproxy"
	noDPDK    = isDPVS + "tandem lets the kernel forward, over its own interfaces"
)

var foreignWords = map[string]string{
	"laddr_group_name":    useFNAT,
	"local_address_group": useFNAT,
	"laddr_group":         useFNAT,
	"daddr_group_name":    useFilter,
	"waddr_group_name":    useFilter,
	"deny_address_group":  useFilter,
	"allow_address_group": useFilter,
	"syn_proxy":           useProxy,
	"establish_timeout":   isDPVS + "write lvs_timeouts tcp SECONDS into global_defs",
	"conn_timeout":        isDPVS + "write lvs_timeouts tcp SECONDS into global_defs",
	"dpdk_interface":      noDPDK,
	"kni_interface":       noDPDK,

	"frontend":   isHAProxy + "write a virtual_server for each address",
	"backend":    isHAProxy + "write real_server into a virtual_server",
	"listen":     isHAProxy + "write a virtual_server",
	"defaults":   isHAProxy + "write global_defs",
	"global":     isHAProxy + "write global_defs",
	"bind":       isHAProxy + "the address stands behind virtual_server",
	"upstream":   isNginx + "write real_server into a virtual_server",
	"proxy_pass": isNginx + "write real_server into a virtual_server",
	"location":   isNginx + "tandem balances connections, not requests",

	"EOF":  "it is the end of a here-document of a shell",
	"EOT":  "it is the end of a here-document of a shell",
	"cat":  "it looks like a command that was copied with the file",
	"sudo": "it looks like a command that was copied with the file",
	"...":  "something was left out when the file was copied",
	"---":  "it is of YAML: blocks have braces here",
}
