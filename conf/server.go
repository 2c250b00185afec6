package conf

import (
	"math"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs/pool"
)

// server is a real_server while it is read.
type server struct {
	pool.Server
	pos     syntax.Pos
	met     seen
	service *service

	weight      *int    // nil: that of the service
	method      *method // lvs_method; nil: that of the service
	lost        bool    // lvs_method cannot be, and so the server
	alpha       *bool   // nil: that of the service
	inhibit     *bool   // nil: that of the service
	virtualHost string
	timing      timing
	checkers    []*checker
	unbuilt     string             // a checker of a server that has none but those that are not built
	checks      []healthcheck.Spec // of the checkers, once all is known
}

var serverBlock = block[server]{"real_server", slices.Concat([]row[server]{
	optionalNumber("weight", 0, math.MaxInt32, func(r *server) **int { return &r.weight }).
		shown(func(r *server) []Node { return statement("weight", int(r.Dest.Weight)) }).
		doc("that of the virtual_server", "its share of the connections; 0 drains it: new ones go elsewhere"),
	custom("lvs_method", methodArgs, (*server).setMethod).
		departing("one that cannot be costs the server, where keepalived takes NAT; FULLNAT is tandem's own").
		doc("that of the virtual_server", "how packets reach this server").
		shown(func(r *server) []Node { return showMethod("lvs_method", r.method) }),
	number("uthreshold", 0, math.MaxInt32, func(r *server) *uint32 { return &r.Dest.Upper }).
		doc("", "from so many connections on it gets no new ones; 0: no limit"),
	number("lthreshold", 0, math.MaxInt32, func(r *server) *uint32 { return &r.Dest.Lower }).
		departing("one above uthreshold is ignored, where the kernel refuses the server").
		doc("", "below so many connections a server that was full gets new ones again; 0: three quarters of uthreshold"),
	optionalBoolean("inhibit_on_failure", func(r *server) **bool { return &r.inhibit }).
		doc("that of the virtual_server", "a failed server gets the weight 0 instead of being removed"),
	optionalBoolean("alpha", func(r *server) **bool { return &r.alpha }).
		doc("that of the virtual_server", "it counts as down until its checks have passed"),
	overwriting(text("virtualhost", "STRING", func(r *server) *string { return &r.virtualHost }), func(r *server) string { return r.virtualHost }).
		doc("that of the virtual_server", "the Host that HTTP checks ask for"),
	// One row shows all checks: they are run and counted in the order of the file.
	custom("TCP_CHECK", "[{ }]", (*server).readTCP).holding(tcpBlock).
		departing("without braces it is one with defaults, where keepalived takes the next statement into it").
		doc("none", "a check: can a TCP connection be made?").
		shown((*server).showChecks),
	custom("HTTP_GET", "{ }", (*server).readHTTP).holding(httpBlock).
		doc("none", "a check: does each url answer as it should?"),

	command[server]("notify_up").later().single().doc("none", "a script that runs when the server comes up"),
	command[server]("notify_down").later().single().doc("none", "a script that runs when the server goes down"),
	boolean[server]("smtp_alert", nil).later().withOthers("mail", "no mail is sent").doc("on", "a mail when the server comes up or goes down"),
	warmup[server]("that of the virtual_server"),
	text[server]("snmp_name", "STRING", nil).inert(noSNMP).doc("none", "what SNMP calls the server"),
	unbuiltCheck(sslGetBlock, needsURL).doc("none", "a check: HTTP_GET over TLS"),
	unbuiltCheck(smtpBlock, nil).doc("none", "a check: does a mail server greet?"),
	unbuiltCheck(dnsBlock, nil).doc("none", "a check: is a DNS query answered?"),
	unbuiltCheck(miscBlock, mustHave("misc_path", "the program to run")).doc("none", "a check: does a program exit with 0?"),
	unbuiltCheck(udpBlock, nil).doc("none", "a check: is a datagram answered, or at least not refused?"),
	unbuiltCheck(pingBlock, nil).doc("none", "a check: is an ICMP echo answered?"),
	unbuiltCheck(bfdCheckBlock, mustHave("name", "the bfd_instance to follow")).doc("none", "a check: is a BFD session up?"),
	unbuiltCheck(fileCheckBlock, mustHave("track_file", "the track_file to follow")).doc("none", "a check: the number in a file"),
}, timingRows(1, serverTiming, func(r *server) *timing { return &r.timing }))}

// node is the server as it is.
func (r *server) node() Node {
	return Node{Keyword: "real_server", Values: addrValues(r.Addr), Braced: true, Block: serverBlock.show(r, r.met), Pos: r.pos}
}

// showChecks are the checks of the server that run, with their defaults.
func (r *server) showChecks() []Node {
	var all []Node
	for _, c := range r.checkers {
		if !c.dropped {
			all = append(all, c.node(r.timing.or(r.service.timing)))
		}
	}
	return all
}

// readServer reads a real_server. One without a checker counts as up, as in
// keepalived; one whose checkers are all not built does too, and that is said.
func (v *service) readServer(l *loader, s *syntax.Statement) {
	a, ok := l.server(s)
	if !ok {
		return
	}
	r := &server{pos: s.Pos, service: v}
	r.Addr = a
	l.withinServer(a, func() {
		r.met = read(l, serverBlock, r, s.Block)
		r.lost = l.unreadMethod(s) || r.lost
		if len(r.checkers) == 0 {
			r.unbuilt = uncheckedBy(s.Block)
		}
	})
	v.servers = append(v.servers, r)
}

// uncheckedBy names a checker in the block that is not built, if there is one.
func uncheckedBy(statements []*syntax.Statement) string {
	for _, s := range statements {
		if r, ok := serverBlock.find(s.Keyword()); ok && r.inner != nil && r.effects == unbuilt {
			return r.name
		}
	}
	return ""
}

// setMethod reads the forwarding method of one server; keepalived has no
// lb_kind here.
func (r *server) setMethod(l *loader, s *syntax.Statement) {
	m, ok := l.method(s)
	r.method, r.lost = &m, r.lost || !ok
}
