package conf

import (
	"math"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Why tandem needs no settings of its processes: all that keepalived does to
// its own can be done to any unit of systemd, from its first instruction on.
const (
	useNice     = "write Nice= into tandem's unit, which has -10"
	useMemory   = "tandem always locks its memory"
	useRealTime = "write CPUSchedulingPolicy=rr and CPUSchedulingPriority= into tandem's unit"
	useAffinity = "write CPUAffinity= into tandem's unit"
	useLimit    = "write LimitRTTIME= into tandem's unit"
	oneName     = "tandem's processes are named tandem"
	ownBuffers  = "tandem reads the kernel's state again where it lost a message of it"
	ownRx       = "tandem reads adverts as they come, whatever else it does"
)

// processRows are the keywords of global_defs about keepalived's processes.
var processRows = []row[globals]{
	custom("vrrp_priority", "-20..19", (*globals).setNice).shown((*globals).showNice).
		doc("none: a real-time priority", "niceness of the whole process, in place of a real-time priority").
		departing("without it and vrrp_rt_priority tandem runs at real-time priority 1 where that is allowed, else at niceness -20; keepalived runs at 0"),
	inRange[globals]("checker_priority", -20, 19).inert(useNice).
		doc("0", "niceness of the checker process"),
	inRange[globals]("bfd_priority", -20, 19).inert(useNice).
		doc("0", "niceness of the BFD process"),
	plain[globals]("vrrp_no_swap", nil).inert(useMemory).
		doc("off", "keep the VRRP process in memory"),
	plain[globals]("checker_no_swap", nil).inert(useMemory).
		doc("off", "keep the checker process in memory"),
	plain[globals]("bfd_no_swap", nil).inert(useMemory).
		doc("off", "keep the BFD process in memory"),
	custom("vrrp_rt_priority", "1..99", (*globals).setRealTime).shown((*globals).showRealTime).
		doc("1", "real-time priority of the whole process (SCHED_RR)").
		departing("it is there without being asked for, so that adverts leave on time on a busy host"),
	inRange[globals]("checker_rt_priority", 1, 99).inert(useRealTime).
		doc("none", "real-time priority of the checker process"),
	inRange[globals]("bfd_rt_priority", 1, 99).inert(useRealTime).
		doc("none", "real-time priority of the BFD process"),
	custom("vrrp_cpu_affinity", "CPU ...", (*globals).checkCPUs).inert(useAffinity).
		doc("all", "processors of the VRRP process"),
	custom("checker_cpu_affinity", "CPU ...", (*globals).checkCPUs).inert(useAffinity).
		doc("all", "processors of the checker process"),
	custom("bfd_cpu_affinity", "CPU ...", (*globals).checkCPUs).inert(useAffinity).
		doc("all", "processors of the BFD process"),
	rtTime("vrrp_rlimit_rttime").
		doc("10000", "microseconds that the VRRP process may run at real-time priority without a pause"),
	rtTime("checker_rlimit_rttime").
		doc("10000", "the same for the checker process"),
	rtTime("bfd_rlimit_rttime").
		doc("10000", "the same for the BFD process"),
	rtTime("vrrp_rlimit_rtime").otherName("vrrp_rlimit_rttime").
		doc("10000", "the old name of vrrp_rlimit_rttime"),
	rtTime("checker_rlimit_rtime").otherName("checker_rlimit_rttime").
		doc("10000", "the old name of checker_rlimit_rttime"),
	rtTime("bfd_rlimit_rtime").otherName("bfd_rlimit_rttime").
		doc("10000", "the old name of bfd_rlimit_rttime"),
	custom("max_auto_priority", "[-1..99]", (*globals).checkAutoPriority).inert(useRealTime).
		doc("0; 99 without a number", "highest real-time priority that a process gives itself when it runs late"),
	inRange[globals]("min_auto_priority_delay", 1, 10_000_000).inert(useRealTime).
		doc("1000000", "microseconds that are late enough for it"),

	plain[globals]("process_names", nil).inert(oneName).
		doc("off", "name each process by its task"),
	processName("process_name").
		doc("keepalived", "name of the first process"),
	processName("vrrp_process_name").
		doc("keepalived_vrrp", "name of the VRRP process"),
	processName("checker_process_name").
		doc("keepalived_ipvs", "name of the checker process"),
	processName("lvs_process_name").otherName("checker_process_name").
		doc("keepalived_ipvs", "the old name of checker_process_name"),
	processName("bfd_process_name").
		doc("keepalived_bfd", "name of the BFD process"),

	buffers("vrrp_netlink_cmd_rcv_bufs"), buffersForce("vrrp_netlink_cmd_rcv_bufs_force"),
	buffers("vrrp_netlink_monitor_rcv_bufs"), buffersForce("vrrp_netlink_monitor_rcv_bufs_force"),
	buffers("lvs_netlink_cmd_rcv_bufs"), buffersForce("lvs_netlink_cmd_rcv_bufs_force"),
	buffers("lvs_netlink_monitor_rcv_bufs"), buffersForce("lvs_netlink_monitor_rcv_bufs_force"),
	buffers("process_monitor_rcv_bufs"), buffersForce("process_monitor_rcv_bufs_force"),
	custom("vrrp_rx_bufs_policy", "MTU|ADVERT|BYTES", (*globals).checkRxPolicy).inert(ownRx).
		doc("the kernel's", "how large the buffer for adverts is"),
	inRange[globals]("vrrp_rx_bufs_multiplier", 1, math.MaxInt32).inert(ownRx).
		doc("3", "how many adverts or packets it takes"),
	custom("umask", "MASK ...", (*globals).checkUmask).inert("what tandem writes has modes of its own; scripts get UMask= of its unit").
		doc("of the caller", "rights that new files do not have"),
}

func rtTime(name string) row[globals] {
	return inRange[globals](name, 1, math.MaxInt32).inert(useLimit)
}

func processName(name string) row[globals] {
	return custom(name, "NAME", (*globals).checkProcessName).inert(oneName)
}

func buffers(name string) row[globals] {
	return inRange[globals](name, 0, math.MaxInt32).inert(ownBuffers).
		doc("the kernel's", "bytes of a buffer for messages of the kernel")
}

func buffersForce(name string) row[globals] {
	return boolean[globals](name, nil).inert(ownBuffers).
		doc("off", "make that buffer larger than the kernel's limit")
}

func (g *globals) checkCPUs(l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		if _, ok := l.number(s.Keyword(), w, 0, maxCPUs-1); !ok {
			return
		}
	}
}

func (g *globals) checkAutoPriority(l *loader, s *syntax.Statement) {
	if args := s.Args(); len(args) > 0 {
		l.number(s.Keyword(), args[0], -1, 99)
	}
}

// checkProcessName checks a name, of which the kernel keeps 15 bytes
// (TASK_COMM_LEN in linux/sched.h).
func (g *globals) checkProcessName(l *loader, s *syntax.Statement) {
	const most = 15
	w := s.Words[1]
	if l.printable(s.Keyword(), w) && len(w.Text) > most {
		l.errorf(w.Pos, "", "%s %s: the kernel keeps %d bytes: %s", s.Keyword(), quote(w.Text), most, w.Text[:most])
	}
}

func (g *globals) checkRxPolicy(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	switch _, isNumber := whole(w.Text, 1, math.MaxInt32); {
	case isNumber, strings.EqualFold(w.Text, "MTU"), strings.EqualFold(w.Text, "ADVERT"):
	default:
		l.invalid(s.Keyword(), w, "it takes MTU, ADVERT or a number of bytes")
	}
}

// checkUmask checks a mask.
func (g *globals) checkUmask(l *loader, s *syntax.Statement) {
	var text strings.Builder
	for _, w := range s.Args() {
		text.WriteString(w.Text)
	}
	if _, ok := umask(text.String()); !ok {
		l.invalid(s.Keyword(), s.Words[1], "it takes a number up to 0777, or names such as IWGRP|IWOTH")
	}
}

// setRealTime reads the real-time priority of the process.
func (g *globals) setRealTime(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 1, 99); ok {
		g.process.RealTime = n
	}
}

func (g *globals) showRealTime() []Node {
	if g.process.RealTime == 0 {
		return nil
	}
	return statement("vrrp_rt_priority", g.process.RealTime)
}

// setNice reads the niceness of the process.
func (g *globals) setNice(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], -20, 19); ok {
		g.process.Nice = &n
	}
}

func (g *globals) showNice() []Node {
	if g.process.Nice == nil {
		return nil
	}
	return statement("vrrp_priority", *g.process.Nice)
}
