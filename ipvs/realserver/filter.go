package realserver

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// Where the addresses stand in an ARP packet of IPv4 over Ethernet (RFC 826).
const (
	arpOperation = 6
	arpSender    = 14
	arpTarget    = 24
)

// readFilter understands a rule of the arp family as far as it hides an
// address: dropped when it is asked for, or (out) dropped or replaced where it
// is the sender's. arptables-nft writes its rules in the same words. A
// condition that is not understood makes the rule none of these.
func readFilter(exprs []expr.Any, out bool, elements func(set string) []netip.Addr) (targets []netip.Prefix, device string, ok bool) {
	var what expr.Any // What the next comparison compares.
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Meta, *expr.Payload:
			if p, is := e.(*expr.Payload); is && p.OperationType == expr.PayloadWrite {
				return targets, device, out && p.Offset == arpSender
			}
			what = e
		case *expr.Cmp:
			if e.Op != expr.CmpOpEq {
				return nil, "", false
			}
			switch w := what.(type) {
			case *expr.Meta:
				device = string(bytes.TrimRight(e.Data, "\x00"))
				if w.Key != expr.MetaKeyIIFNAME && w.Key != expr.MetaKeyOIFNAME {
					return nil, "", false
				}
			case *expr.Payload:
				switch {
				case addressAt(w, out):
					targets = []netip.Prefix{prefixFromBytes(e.Data)}
				case w.Offset == arpOperation && !out && !bytes.Equal(e.Data, []byte{0, 1}):
					return nil, "", false // Not of requests.
				case w.Offset > arpOperation:
					return nil, "", false
				}
			}
		case *expr.Lookup:
			w, is := what.(*expr.Payload)
			if !is || !addressAt(w, out) || e.Invert {
				return nil, "", false
			}
			for _, a := range elements(e.SetName) {
				targets = append(targets, host(a))
			}
		case *expr.Counter, *expr.Immediate:
		case *expr.Verdict:
			return targets, device, e.Kind == expr.VerdictDrop
		case *expr.Target:
			return targets, device, out && e.Name == "mangle" // Of arptables: --mangle-ip-s.
		default:
			return nil, "", false
		}
	}
	return nil, "", false
}

// addressAt reports that a payload is the address which a filter is about.
func addressAt(p *expr.Payload, out bool) bool {
	want := uint32(arpTarget)
	if out {
		want = arpSender
	}
	return p.Base == expr.PayloadBaseNetworkHeader && p.Offset == want && p.Len <= 4
}

// prefixFromBytes is the prefix whose first whole bytes are compared.
func prefixFromBytes(b []byte) netip.Prefix {
	var a [4]byte
	n := copy(a[:], b)
	return netip.PrefixFrom(netip.AddrFrom4(a), 8*n)
}

// readClamp understands a rule that lowers the MSS of TCP connections, of nft
// (tcp option maxseg size set) and of iptables-nft (TCPMSS). The source address
// is invalid where it is for all.
func readClamp(exprs []expr.Any) (size int, source netip.Prefix, ok bool) {
	var at uint32
	var atNetwork bool
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Payload:
			at, atNetwork = e.Offset, e.Base == expr.PayloadBaseNetworkHeader
		case *expr.Cmp:
			if atNetwork && (at == 12 && len(e.Data) == 4 || at == 8 && len(e.Data) == 16) {
				if a, valid := netip.AddrFromSlice(e.Data); valid {
					source = host(a)
				}
			}
		case *expr.Immediate:
			if len(e.Data) >= 2 {
				size = int(binary.BigEndian.Uint16(e.Data))
			}
		case *expr.Exthdr:
			if e.Op == expr.ExthdrOpTcpopt && e.Type == tcpMaxSegment && e.SourceRegister != 0 {
				return size, source, true
			}
		case *expr.Target:
			if info, raw := e.Info.(*xt.Unknown); raw && e.Name == "TCPMSS" && len(*info) >= 2 {
				return int(binary.NativeEndian.Uint16(*info)), source, true
			}
		}
	}
	return 0, source, false
}

// tcpMaxSegment is the TCP option "maximum segment size" (RFC 9293 section 3.2).
const tcpMaxSegment = 2

// legacyFilters reads the rules of arptables before nftables. It asks the
// program only where the kernel has such a table, since asking would load one.
func legacyFilters(ctx context.Context) ([]Filter, error) {
	tables, err := os.ReadFile("/proc/net/arp_tables_names")
	if err != nil || !slices.Contains(strings.Fields(string(tables)), "filter") {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, "arptables-legacy", "-L", "-n").Output()
	if err != nil {
		return nil, fmt.Errorf("run arptables-legacy -L -n: %w", err)
	}
	return parseLegacy(string(out)), nil
}

// parseLegacy reads lines such as "-j DROP -d 192.0.2.100" below the title of
// their chain. A line with conditions that are not understood is skipped.
func parseLegacy(text string) []Filter {
	var list []Filter
	var chain string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "Chain" {
			chain = words[1]
			continue
		}
		f := Filter{By: "arptables-legacy", Out: chain == "OUTPUT"}
		var target string
		understood := chain == "INPUT" || chain == "OUTPUT"
		for i := 0; i+1 < len(words); i += 2 {
			switch option, value := words[i], words[i+1]; {
			case option == "-j":
				target = value
			case option == "-d" && !f.Out || option == "-s" && f.Out:
				f.Target = parsePrefix(value)
			case option == "-i" || option == "-o":
				f.Device = strings.TrimPrefix(value, "*")
			case option == "--opcode" && value == "1", option == "--mangle-ip-s":
			default:
				understood = false
			}
		}
		if understood && f.Target.IsValid() && (target == "DROP" || f.Out && target == "mangle") {
			list = append(list, f)
		}
	}
	return list
}

// parsePrefix reads an address with or without a length.
func parsePrefix(text string) netip.Prefix {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return host(a)
	}
	return netip.Prefix{}
}
