package conf

import (
	"math"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// How adverts look and where they go: what of it counts depends on the version,
// the family and the peers.

// setOldChecksum reads old_unicast_checksum.
func (in *instance) setOldChecksum(l *loader, s *syntax.Statement) {
	switch {
	case len(s.Args()) == 0:
		in.oldChecksum = vrrp.OldUnicast
	case l.oneOf(s.Keyword(), s.Words[1], []string{"never"}):
		in.oldChecksum = vrrp.NeverOldUnicast
	}
}

func (in *instance) showOldChecksum() []Node {
	switch in.Wire.Checksum {
	case vrrp.OldUnicast:
		return statement("old_unicast_checksum")
	case vrrp.NeverOldUnicast:
		return statement("old_unicast_checksum", "never")
	}
	return nil
}

// choosesChecksum tells whether the protocol leaves a choice of checksums.
func (in *instance) choosesChecksum() bool { return in.Version == vrrp.V3 && in.family() == 4 }

func (in *instance) showMessageOnly() []Node {
	if !in.choosesChecksum() {
		return nil
	}
	return statement("v3_checksum_as_v2", in.Wire.Checksum == vrrp.MessageOnly)
}

// judgeWire fills in Wire.
func (in *instance) judgeWire(l *loader) {
	in.judgeGroup(l)
	in.judgeChecksum(l)
	unicast := len(in.Peers) > 0
	if !unicast {
		for keyword, set := range map[string]bool{"unicast_ttl": in.Wire.UnicastTTL != 0, "check_unicast_src": in.checkSource} {
			if pos, said := in.met.find(keyword); said && set {
				l.errorf(pos, "", "%s is ignored: there is no unicast_peer", keyword)
			}
		}
		in.Wire.UnicastTTL = 0
	}
	in.boundPeers()
	in.Wire.CheckSource = unicast && (in.checkSource || in.Wire.PeerTTL != nil)
}

// judgeGroup decides where multicast adverts go.
func (in *instance) judgeGroup(l *loader) {
	pos := in.met.at(in.pos, "mcast_dst_ip")
	switch {
	case in.group.IsValid() && in.group.Is4() != (in.family() == 4):
		l.errorf(pos, "", "mcast_dst_ip %s is ignored: the virtual addresses are not %s", in.group, family(in.group))
	case in.group.IsValid() && len(in.Peers) > 0:
		l.warnf(pos, "remove it", "mcast_dst_ip %s has no effect: adverts go to each unicast_peer", in.group)
	case in.group.IsValid():
		in.Wire.Group = in.group
		return
	}
	if len(in.Peers) == 0 {
		in.Wire.Group = l.global.group(in.family())
	}
}

// judgeChecksum decides what the checksum spans. Only version 3 over IPv4 has
// more than one form.
func (in *instance) judgeChecksum(l *loader) {
	without := func(set bool, keyword, why string) {
		if pos, said := in.met.find(keyword); said && set {
			l.warnf(pos, "remove it", "%s has no effect: %s", keyword, why)
		}
	}
	switch {
	case !in.choosesChecksum():
		const why = "only version 3 over IPv4 has more than one form of the checksum"
		without(in.oldChecksum != vrrp.PseudoHeader, "old_unicast_checksum", why)
		without(in.messageOnly, "v3_checksum_as_v2", why)
	case in.messageOnly:
		in.Wire.Checksum = vrrp.MessageOnly
		without(in.oldChecksum != vrrp.PseudoHeader, "old_unicast_checksum", "v3_checksum_as_v2 leaves the addresses out")
	case len(in.Peers) == 0:
		without(in.oldChecksum != vrrp.PseudoHeader, "old_unicast_checksum", "there is no unicast_peer")
	default:
		in.Wire.Checksum = in.oldChecksum
	}
}

// boundPeers takes the bounds of the peers that are left. As in keepalived they
// are reason enough to look at the source at all.
func (in *instance) boundPeers() {
	for _, p := range in.Peers {
		line := in.peer[p]
		if line.min == nil && line.max == nil {
			continue
		}
		bounds := vrrp.TTLBounds{Max: math.MaxUint8}
		if line.min != nil {
			bounds.Min = uint8(*line.min)
		}
		if line.max != nil {
			bounds.Max = uint8(*line.max)
		}
		put(&in.Wire.PeerTTL, p, bounds)
	}
}
