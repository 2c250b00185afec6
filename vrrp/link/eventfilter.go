package link

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// A thousand addresses that are renewed every second or two are a thousand
// events each time, which would wake up every listener. These programs for
// socket filters keep in the kernel what tandem has done itself, which it knows
// by its mark; before Linux 5.18 there is none and all events come through.
var (
	// ownRenewals leaves out that an address with tandem's mark is kept longer:
	// it was changed later than it was made (struct ifa_cacheinfo, cstamp and
	// tstamp).
	ownRenewals = eventFilter(true)
	// ownAdditions leaves out that one was added, too.
	ownAdditions = eventFilter(false)
)

// Where things are in a message of an address: struct nlmsghdr (16 bytes, type
// at 4), struct ifaddrmsg (8), attributes (a header of 4 each).
const (
	typeOffset      = 4
	attributeOffset = unix.SizeofNlMsghdr + unix.SizeofIfAddrmsg
	attributeHeader = unix.SizeofRtAttr
	madeOffset      = attributeHeader + 8 // in IFA_CACHEINFO
	changedOffset   = attributeHeader + 12
)

// nlattr is SKF_AD_OFF + SKF_AD_NLATTR (linux/filter.h): the place of the first
// attribute of type X at or after A; 0: none.
const nlattr = 0xfffff000 + 12

// eventFilter is a program that lets every message through but those of an
// address with tandem's mark: all of them, or those of a renewal.
func eventFilter(renewedOnly bool) []unix.SockFilter {
	load := func(size, mode uint16, k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | size | mode, K: k}
	}
	unless := func(value uint32) unix.SockFilter { // the accumulator has the value: let it through
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jf: toLet}
	}
	find := func(kind uint32) []unix.SockFilter { // X becomes where the attribute is
		return []unix.SockFilter{
			load(0, unix.BPF_IMM, attributeOffset),
			{Code: unix.BPF_LDX | unix.BPF_IMM, K: kind},
			load(unix.BPF_W, unix.BPF_ABS, nlattr),
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0, Jt: toLet},
			{Code: unix.BPF_MISC | unix.BPF_TAX},
		}
	}
	// Loads are big-endian; what netlink says is in the host's order.
	newAddr := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.RTM_NEWADDR))
	program := []unix.SockFilter{load(unix.BPF_H, unix.BPF_ABS, typeOffset), unless(uint32(newAddr))}
	program = append(program, find(ifaddr.Proto)...)
	program = append(program, load(unix.BPF_B, unix.BPF_IND, attributeHeader), unless(ifaddr.Mark))
	if renewedOnly {
		program = append(program, find(unix.IFA_CACHEINFO)...)
		program = append(program,
			load(unix.BPF_W, unix.BPF_IND, madeOffset),
			unix.SockFilter{Code: unix.BPF_ST},
			load(unix.BPF_W, unix.BPF_IND, changedOffset),
			unix.SockFilter{Code: unix.BPF_LDX | unix.BPF_MEM},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X, Jt: toLet})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET, K: 0})          // leave it out
	program = append(program, unix.SockFilter{Code: unix.BPF_RET, K: 0xffffffff}) // let it through
	for i := range program {
		rest := uint8(len(program) - 1 - (i + 1))
		if in := &program[i]; in.Jt == toLet {
			in.Jt = rest
		} else if in.Jf == toLet {
			in.Jf = rest
		}
	}
	return program
}

// toLet stands for a jump to the last instruction.
const toLet = 255
