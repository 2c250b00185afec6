package realserver

import (
	"fmt"
	"net/netip"
	"strings"
)

// Kind is what a Step does.
type Kind string

// The kinds.
const (
	AddLink       Kind = "add link"       // Device, Type, Local
	LinkUp        Kind = "link up"        // Device
	Set           Kind = "set"            // Setting, Value, Before
	Receive       Kind = "receive"        // Port, IP
	AddTable      Kind = "add table"      // Masks
	AddElement    Kind = "add element"    // Address
	AddAddress    Kind = "add address"    // Device, Address
	RemoveAddress Kind = "remove address" // Device, Address, Host, Broadcast, Label
)

// Step is one thing that makes a host a real server. It knows its own undoing,
// and is executed, recorded and printed from the same value. Fields that its
// Kind does not name are zero.
type Step struct {
	Kind    Kind         `json:"kind"`
	Device  string       `json:"device,omitempty"`
	Type    string       `json:"type,omitempty"`
	Local   netip.Addr   `json:"local,omitzero"`
	Setting string       `json:"setting,omitempty"` // A path below /proc/sys.
	Value   int          `json:"value,omitempty"`
	Before  int          `json:"before,omitempty"`
	Port    uint16       `json:"port,omitempty"`
	IP      family       `json:"ip,omitempty"`
	Masks   string       `json:"masks,omitempty"` // "eth0=192.0.2.10 eth1=198.51.100.10"
	Address netip.Prefix `json:"address,omitzero"`
	Host    bool         `json:"host,omitempty"` // Scope host.

	Broadcast netip.Addr `json:"broadcast,omitzero"`
	Label     string     `json:"label,omitempty"`

	Why  string `json:"-"`
	Done bool   `json:"-"` // The host is so already.
}

// same reports the same thing of the host, whatever was before and whichever
// addresses it goes by: there is one table, and one device of a name.
func (s Step) same(o Step) bool {
	s.Why, s.Done, s.Before = o.Why, o.Done, o.Before
	s.Masks, s.Local = o.Masks, o.Local
	return s == o
}

// silences reports that the step is what keeps the host from speaking of VIPs.
func (s Step) silences() bool {
	return s.Kind == AddTable || s.Kind == AddElement || s.Kind == Set && !strings.HasSuffix(s.Setting, "/rp_filter")
}

// String says what the step makes so.
func (s Step) String() string {
	switch s.Kind {
	case AddLink:
		return fmt.Sprintf("device %s of type %s", s.Device, s.Type)
	case LinkUp:
		return fmt.Sprintf("device %s up", s.Device)
	case Set:
		return fmt.Sprintf("%s = %d", dotted(s.Setting), s.Value)
	case Receive:
		return fmt.Sprintf("GUE received at UDP port %d, IPv%d", s.Port, s.IP)
	case AddTable:
		return "nft table arp " + tableName
	case AddElement:
		return fmt.Sprintf("%s in nft table arp %s", s.Address.Addr(), tableName)
	case AddAddress:
		return fmt.Sprintf("address %s on %s", s.Address, s.Device)
	case RemoveAddress:
		return fmt.Sprintf("address %s no longer on %s", s.Address, s.Device)
	}
	return string(s.Kind)
}

// tableName is the nft table of the arp family. It has a name of its own: a
// director on the same host keeps a table, too.
const tableName = "tandem_realserver"

// setName is the set of VIPs in the table.
const setName = "vips"

// command is a command line, and when its failure is no harm.
type command struct {
	Words  []string
	May    bool   // It may fail: what it takes away is gone already.
	Unless string // It may fail where this shell command says that all is there already.
}

// do returns the commands that carry the step out.
func (s Step) do() []command {
	switch s.Kind {
	case AddLink:
		words := []string{"ip", "link", "add", "name", s.Device, "type", s.Type}
		if s.Local.IsValid() {
			words = append(words, "mode", "any", "local", s.Local.String(), "remote", "any", "allow-localremote")
		}
		return []command{{Words: words, Unless: "ip link show dev " + s.Device + " >/dev/null 2>&1"}}
	case LinkUp:
		return one("ip", "link", "set", "dev", s.Device, "up")
	case Set:
		return one("sysctl", "-q", "-w", fmt.Sprintf("%s=%d", dotted(s.Setting), s.Value))
	case Receive:
		has := fmt.Sprintf("port %d gue", s.Port)
		if s.IP == 6 {
			has += " -6" // The list is of both versions, whatever ip is told.
		}
		return []command{{Words: s.fou("add", "gue"), Unless: fmt.Sprintf("ip fou show | grep -qx \"%s\"", has)}}
	case AddTable:
		return one("nft", s.table())
	case AddElement:
		return one("nft", fmt.Sprintf("add element arp %s %s { %s }", tableName, setName, s.Address.Addr()))
	case AddAddress:
		return one(s.address("replace")...)
	case RemoveAddress:
		return []command{{Words: s.address("del"), May: true}}
	}
	return nil
}

// undo returns the commands that take the step back.
func (s Step) undo() []command {
	switch s.Kind {
	case AddLink:
		return one("ip", "link", "del", "dev", s.Device)
	case LinkUp:
		if s.Device == "lo" {
			return nil // Nobody can want that back.
		}
		return one("ip", "link", "set", "dev", s.Device, "down")
	case Set:
		return one("sysctl", "-q", "-w", fmt.Sprintf("%s=%d", dotted(s.Setting), s.Before))
	case Receive:
		return one(s.fou("del")...)
	case AddTable:
		return one("nft", "delete table arp "+tableName)
	case AddElement:
		return one("nft", fmt.Sprintf("delete element arp %s %s { %s }", tableName, setName, s.Address.Addr()))
	case AddAddress:
		return one(s.address("del")...)
	case RemoveAddress:
		return one(s.address("replace")...)
	}
	return nil
}

func one(words ...string) []command { return []command{{Words: words}} }

func (s Step) address(verb string) []string {
	words := []string{"ip", "address", verb, s.Address.String(), "dev", s.Device}
	if verb == "del" {
		return words
	}
	if s.Host && s.Address.Addr().Is4() {
		words = append(words, "scope", "host")
	}
	if s.Broadcast.IsValid() {
		words = append(words, "broadcast", s.Broadcast.String())
	}
	if s.Label != "" {
		words = append(words, "label", s.Label)
	}
	if s.Address.Addr().Is6() {
		words = append(words, "nodad")
	}
	return words
}

func (s Step) fou(verb string, more ...string) []string {
	words := []string{"ip"}
	if s.IP == 6 {
		words = append(words, "-6")
	}
	return append(append(words, "fou", verb, "port", fmt.Sprint(s.Port)), more...)
}

// table is the nft table as text: who asks for a VIP gets no answer, and what
// this host asks or says of itself it says with an address of its own. A
// request with the VIP as sender would teach the asked one that the VIP is
// here; were it only dropped, the reply's next hop would stay unknown.
func (s Step) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "add table arp %[1]s; flush table arp %[1]s; table arp %[1]s { set %[2]s { type ipv4_addr; }; ", tableName, setName)
	fmt.Fprintf(&b, "chain input { type filter hook input priority 0; arp operation request arp daddr ip @%s drop; }; ", setName)
	b.WriteString("chain output { type filter hook output priority 0; ")
	for _, m := range masks(s.Masks) {
		fmt.Fprintf(&b, "oifname %q arp saddr ip @%s arp saddr ip set %s; ", m.Device, setName, m.As)
	}
	fmt.Fprintf(&b, "arp saddr ip @%s drop; }; }", setName)
	return b.String()
}

// mask is the address by which the host shows itself on an interface.
type mask struct {
	Device string
	As     netip.Addr
}

// masks reads Step.Masks.
func masks(text string) []mask {
	var list []mask
	for word := range strings.FieldsSeq(text) {
		device, addr, _ := strings.Cut(word, "=")
		if as, err := netip.ParseAddr(addr); err == nil {
			list = append(list, mask{device, as})
		}
	}
	return list
}

// dotted is a sysctl's usual name. In an interface's name, where a dot would be
// ambiguous, the slashes stay.
func dotted(path string) string {
	if strings.Contains(path, ".") {
		return path
	}
	return strings.ReplaceAll(path, "/", ".")
}
