package kernel

// Numbers of include/uapi/linux/ip_vs.h and linux/genetlink.h.

// Commands of the IPVS family (IPVS_CMD_*).
const (
	cmdNewService = 1
	cmdSetService = 2
	cmdDelService = 3
	cmdGetService = 4
	cmdNewDest    = 5
	cmdSetDest    = 6
	cmdDelDest    = 7
	cmdGetDest    = 8
	cmdNewDaemon  = 9
	cmdDelDaemon  = 10
	cmdGetDaemon  = 11
	cmdSetConfig  = 12
	cmdGetConfig  = 13
	cmdGetInfo    = 15
	cmdZero       = 16
	cmdFlush      = 17
)

// Attributes of a command (IPVS_CMD_ATTR_*).
const (
	attrService       = 1
	attrDest          = 2
	attrDaemon        = 3
	attrTimeoutTCP    = 4
	attrTimeoutTCPFin = 5
	attrTimeoutUDP    = 6
)

// Attributes of the answer to cmdGetInfo (IPVS_INFO_ATTR_*).
const (
	infoVersion = 1
	infoTabSize = 2
)

// Attributes of a service (IPVS_SVC_ATTR_*).
const (
	svcFamily    = 1
	svcProtocol  = 2
	svcAddr      = 3
	svcPort      = 4
	svcFWMark    = 5
	svcScheduler = 6
	svcFlags     = 7
	svcTimeout   = 8
	svcNetmask   = 9
	svcStats     = 10
	svcPE        = 11
	svcStats64   = 12
)

// Attributes of a destination (IPVS_DEST_ATTR_*).
const (
	destAddr       = 1
	destPort       = 2
	destForwarding = 3
	destWeight     = 4
	destUpper      = 5
	destLower      = 6
	destActive     = 7
	destInactive   = 8
	destPersistent = 9
	destStats      = 10
	destFamily     = 11
	destStats64    = 12
	destTunType    = 13
	destTunPort    = 14
	destTunFlags   = 15
)

// Attributes of statistics (IPVS_STATS_ATTR_*).
const (
	statConns    = 1
	statInPkts   = 2
	statOutPkts  = 3
	statInBytes  = 4
	statOutBytes = 5
	statCPS      = 6
	statInPPS    = 7
	statOutPPS   = 8
	statInBPS    = 9
	statOutBPS   = 10
)

// Attributes of a sync daemon (IPVS_DAEMON_ATTR_*).
const (
	daemonState     = 1
	daemonInterface = 2
	daemonSyncID    = 3
	daemonMaxLen    = 4
	daemonGroup     = 5
	daemonGroup6    = 6
	daemonPort      = 7
	daemonTTL       = 8
)

const (
	version     = 1          // IPVS_GENL_VERSION
	forwardMask = 0x7        // IP_VS_CONN_F_FWD_MASK
	hashed      = 0x2        // IP_VS_SVC_F_HASHED, the kernel's own bit
	allFlags    = 0xffffffff // mask of struct ip_vs_flags: set all of them
	genlHeader  = 4          // GENL_HDRLEN
	typeMask    = 0x3fff     // NLA_TYPE_MASK: without the nested and byte-order bits
)
