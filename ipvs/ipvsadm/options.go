package ipvsadm

// command is what the first option asks for.
type command uint8

const (
	_ command = iota
	addService
	editService
	deleteService
	clearTable
	restoreTable
	saveTable
	addServer
	editServer
	deleteServer
	listTable
	zeroCounters
	setTimeouts
	startDaemon
	stopDaemon
	showHelp
	showVersion
)

// option is everything else that begins with a dash.
type option uint8

const (
	optTCP option = iota
	optUDP
	optSCTP
	optFWMark
	optIPv6
	optScheduler
	optPersistent
	optNetmask
	optEngine
	optOnePacket
	optFlags
	optServer
	optRoute
	optTunnel
	optMasquerade
	optWeight
	optUpper
	optLower
	optTunType
	optTunPort
	optTunNoCsum
	optTunCsum
	optTunRemCsum
	optConnection
	optNumeric
	optTimeout
	optDaemon
	optStats
	optRate
	optThresholds
	optPersistentConn
	optTunInfo
	optNoSort
	optSort
	optExact
	optInterface
	optSyncID
	optMaxLen
	optGroup
	optPort
	optTTL
	optForce // ours
	optWatch // ours
)

// options is a set of option.
type options uint64

func set(opts ...option) (s options) {
	for _, o := range opts {
		s |= 1 << o
	}
	return s
}

func (s options) has(o option) bool { return s&(1<<o) != 0 }

// value says whether an option takes one.
type value uint8

const (
	noValue value = iota
	needsValue
	mayHaveValue // the next word, unless it begins with a dash
)

// spelling is how a command or an option is written.
type spelling struct {
	long  string
	short byte // 0: none
	value value
	cmd   command // 0: an option
	opt   option
}

// spellings are all of them. There are no abbreviations.
var spellings = [...]spelling{
	{"add-service", 'A', noValue, addService, 0},
	{"edit-service", 'E', noValue, editService, 0},
	{"delete-service", 'D', noValue, deleteService, 0},
	{"clear", 'C', noValue, clearTable, 0},
	{"restore", 'R', noValue, restoreTable, 0},
	{"save", 'S', noValue, saveTable, 0},
	{"add-server", 'a', noValue, addServer, 0},
	{"edit-server", 'e', noValue, editServer, 0},
	{"delete-server", 'd', noValue, deleteServer, 0},
	{"list", 'L', noValue, listTable, 0},
	{"list", 'l', noValue, listTable, 0},
	{"zero", 'Z', noValue, zeroCounters, 0},
	{"set", 0, noValue, setTimeouts, 0},
	{"start-daemon", 0, needsValue, startDaemon, 0},
	{"stop-daemon", 0, needsValue, stopDaemon, 0},
	{"help", 'h', noValue, showHelp, 0},
	{"version", 'v', noValue, showVersion, 0},
	{"tcp-service", 't', needsValue, 0, optTCP},
	{"udp-service", 'u', needsValue, 0, optUDP},
	{"sctp-service", 0, needsValue, 0, optSCTP},
	{"fwmark-service", 'f', needsValue, 0, optFWMark},
	{"ipv6", '6', noValue, 0, optIPv6},
	{"scheduler", 's', needsValue, 0, optScheduler},
	{"persistent", 'p', mayHaveValue, 0, optPersistent},
	{"netmask", 'M', needsValue, 0, optNetmask},
	{"pe", 0, needsValue, 0, optEngine},
	{"ops", 'o', noValue, 0, optOnePacket},
	{"sched-flags", 'b', needsValue, 0, optFlags},
	{"real-server", 'r', needsValue, 0, optServer},
	{"gatewaying", 'g', noValue, 0, optRoute},
	{"ipip", 'i', noValue, 0, optTunnel},
	{"masquerading", 'm', noValue, 0, optMasquerade},
	{"weight", 'w', needsValue, 0, optWeight},
	{"u-threshold", 'x', needsValue, 0, optUpper},
	{"l-threshold", 'y', needsValue, 0, optLower},
	{"tun-type", 0, needsValue, 0, optTunType},
	{"tun-port", 0, needsValue, 0, optTunPort},
	{"tun-nocsum", 0, noValue, 0, optTunNoCsum},
	{"tun-csum", 0, noValue, 0, optTunCsum},
	{"tun-remcsum", 0, noValue, 0, optTunRemCsum},
	{"connection", 'c', noValue, 0, optConnection},
	{"numeric", 'n', noValue, 0, optNumeric},
	{"timeout", 0, noValue, 0, optTimeout},
	{"daemon", 0, noValue, 0, optDaemon},
	{"stats", 0, noValue, 0, optStats},
	{"rate", 0, noValue, 0, optRate},
	{"thresholds", 0, noValue, 0, optThresholds},
	{"persistent-conn", 0, noValue, 0, optPersistentConn},
	{"tun-info", 0, noValue, 0, optTunInfo},
	{"nosort", 0, noValue, 0, optNoSort},
	{"sort", 0, noValue, 0, optSort},
	{"exact", 0, noValue, 0, optExact},
	{"mcast-interface", 0, needsValue, 0, optInterface},
	{"syncid", 0, needsValue, 0, optSyncID},
	{"sync-maxlen", 0, needsValue, 0, optMaxLen},
	{"mcast-group", 0, needsValue, 0, optGroup},
	{"mcast-port", 0, needsValue, 0, optPort},
	{"mcast-ttl", 0, needsValue, 0, optTTL},
	{"force", 0, noValue, 0, optForce},
	{"watch", 0, mayHaveValue, 0, optWatch},
}

// String is the command as messages call it.
func (c command) String() string {
	for _, s := range &spellings {
		if s.cmd == c {
			return s.long
		}
	}
	return "?"
}

// String is the option's long name.
func (o option) String() string {
	for _, s := range &spellings {
		if s.cmd == 0 && s.opt == o {
			return s.long
		}
	}
	return "?"
}

// Options that exclude one another because they set the same thing.
var (
	services   = set(optTCP, optUDP, optSCTP, optFWMark)
	forwarding = set(optRoute, optTunnel, optMasquerade)
	tunnels    = set(optTunType, optTunPort, optTunNoCsum, optTunCsum, optTunRemCsum)
)

// always is accepted with every command: --sort never did anything, and
// --force does nothing where nothing is owned.
var always = set(optSort, optForce)

// allowed are the options that each command takes.
var allowed = [...]options{
	addService:    services | set(optIPv6, optScheduler, optPersistent, optNetmask, optEngine, optOnePacket, optFlags),
	editService:   services | set(optIPv6, optScheduler, optPersistent, optNetmask, optEngine, optOnePacket, optFlags),
	deleteService: services | set(optIPv6),
	clearTable:    0,
	restoreTable:  0,
	saveTable:     set(optNumeric),
	addServer:     services | forwarding | tunnels | set(optIPv6, optServer, optWeight, optUpper, optLower),
	editServer:    services | forwarding | tunnels | set(optIPv6, optServer, optWeight, optUpper, optLower),
	deleteServer:  services | set(optIPv6, optServer),
	listTable: services | set(optIPv6, optConnection, optNumeric, optTimeout, optDaemon, optStats, optRate, optThresholds,
		optPersistentConn, optTunInfo, optNoSort, optExact, optSyncID, optWatch),
	zeroCounters: services | set(optIPv6),
	setTimeouts:  0,
	startDaemon:  set(optInterface, optSyncID, optMaxLen, optGroup, optPort, optTTL),
	stopDaemon:   set(optSyncID),
	showVersion:  0,
}

// needs are the options that each command cannot do without. Of the services
// any one will do.
var needs = [...]options{
	addService:    services,
	editService:   services,
	deleteService: services,
	addServer:     services | set(optServer),
	editServer:    services | set(optServer),
	deleteServer:  services | set(optServer),
	showVersion:   0,
}
