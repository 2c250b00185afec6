package probe

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/tandem-ha/tandem/healthcheck"
)

// reasonOf says what an error of the network means for a check. What is not
// the target's or the way's doing is a LocalError, which evicts nobody: no
// file or port left, a bind address that this host does not have.
func reasonOf(err error) healthcheck.Reason {
	if errors.Is(err, context.Canceled) {
		return healthcheck.LocalError
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return reasonOfErrno(errno)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return healthcheck.TimedOut
	}
	return healthcheck.BadReply
}

// reasonOfErrno maps what connect, read and write return; the ICMP messages
// behind them are in net/ipv4/icmp.c (icmp_err_convert).
func reasonOfErrno(errno syscall.Errno) healthcheck.Reason {
	switch errno {
	case syscall.ECONNREFUSED: // a reset to our SYN, ICMP port unreachable
		return healthcheck.Refused
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return healthcheck.Reset
	case syscall.ETIMEDOUT: // the kernel gave up on retransmission
		return healthcheck.TimedOut
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, // no route, ICMP unreachable, no answer to ARP
		syscall.EHOSTDOWN, syscall.ENONET, syscall.ENETDOWN,
		syscall.ENOPROTOOPT, // ICMP protocol unreachable
		syscall.EMSGSIZE,    // ICMP fragmentation needed
		syscall.EOPNOTSUPP:  // ICMP source route failed
		return healthcheck.Unreachable
	}
	return healthcheck.LocalError
}

// text is what an error says for people, without the addresses around it.
func text(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Syscall + ": " + call.Err.Error()
	}
	return brief(err.Error())
}

// brief bounds a text into which a server may have put what it likes.
func brief(s string) string {
	const most = 120
	if len(s) > most {
		s = s[:most] + "..."
	}
	clean := []byte(s)
	for i, c := range clean {
		if c < ' ' || c > '~' {
			clean[i] = '?'
		}
	}
	return string(clean)
}
