package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Why some keywords of the top level are missed by nobody.
const (
	ownRunDir    = "tandem keeps its files in --run-dir, of which each director on a host has one of its own"
	linkMessages = "tandem follows the kernel's messages about links, which every driver sends"
)

// processRootRows are the simple keywords of the top level: about the process
// as a whole, and about links.
var processRootRows = []row[none]{
	custom("net_namespace", "NAME", checkNamespace).later().
		meanwhile("tandem stays in the namespace that it is started in: ip netns exec, or NetworkNamespacePath= in its unit").
		doc("that of the caller", "the network namespace that the director runs in"),
	custom("net_namespace_ipvs", "[NAME]", checkNamespace).later().
		meanwhile("the IPVS table is that of the namespace that tandem is started in").
		doc("as net_namespace", "the network namespace of the IPVS table; nothing: that of the caller"),
	plain[none]("namespace_with_ipsets", nil).inert(noIPTables).
		doc("off", "use sets of addresses in a namespace although the kernel is older than 3.13"),
	custom("instance", "NAME", checkNamespace).inert(ownRunDir+"; ${_INSTANCE} is --config-id").
		doc("none", "what the files of this director are named by"),
	plain[none]("use_pid_dir", nil).inert(ownRunDir).
		doc("off", "keep the files with process ids in a directory of their own"),
	wholeSeconds[none]("child_wait_time", 0, maxDelay, nil).inert("tandem has no VRRP and checker processes that it would wait for").
		doc("5", "seconds that the first process waits for the others to end"),
	plain[none]("linkbeat_use_polling", nil).inert(linkMessages).
		doc("off", "ask every interface for its link, again and again"),
	custom("linkbeat_interfaces", "{ IF [MII|ETHTOOL|IOCTL] ... }", checkLinkbeat).inert(linkMessages).within(blockSection).
		doc("none", "interfaces that are asked for their link, again and again"),
	custom("interface_up_down_delays", "{ IF DOWN [UP] ... }", readLinkDelays).
		doc("0", "seconds that an interface must stay down, or up, before that counts"),
}

// checkNamespace checks a name that is an element of a path.
func checkNamespace(_ *none, l *loader, s *syntax.Statement) {
	if first, ok := l.root.idled(s.Keyword()); ok {
		l.seeing(Error, s.Pos, first, "", "a second %s is ignored: it is said already, in %s", s.Keyword(), first.LineFrom(s.Pos))
		return
	}
	for _, w := range s.Args() {
		if l.printable(s.Keyword(), w) && (w.Text == "" || strings.Contains(w.Text, "/")) {
			l.invalid(s.Keyword(), w, "a name is not empty and has no /")
		}
	}
}

// checkLinkbeat checks linkbeat_interfaces: an interface a line, and how it is
// asked.
func checkLinkbeat(_ *none, l *loader, s *syntax.Statement) {
	for _, e := range l.entries(s) {
		if !l.interfaceName(s, e.Words[0], Error) || len(e.Args()) == 0 {
			continue
		}
		switch w := e.Words[1]; w.Text {
		case "MII", "ETHTOOL", "IOCTL":
		default:
			l.invalid(s.Keyword()+" "+e.Keyword(), w, "it takes MII, ETHTOOL or IOCTL")
		}
	}
}
