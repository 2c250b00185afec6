package conf

import (
	"net"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// judgeStrict holds an instance with strict_mode to the RFC as keepalived does:
// what RFC 9568 and RFC 3768 do not have is reset, and said. Unicast costs the
// instance; that is in mandatory. What global_defs says for all instances gives
// way without a word, as there.
func (in *instance) judgeStrict(l *loader) {
	if !in.strict {
		return
	}
	owner := in.Priority == vrrp.PriorityOwner
	// reset reports a keyword of the block whose value is not what must be.
	reset := func(wrong bool, keyword, why string) {
		if pos, said := in.met.find(keyword); said && wrong {
			l.errorf(pos, "remove it, or write strict_mode off", "%s is ignored: %s", keyword, why)
		}
	}
	// harmless is reset where nobody depends on what is lost.
	harmless := func(wrong bool, keyword, why string) {
		if pos, said := in.met.find(keyword); said && wrong {
			l.warnf(pos, "remove it, or write strict_mode off", "%s is ignored: %s", keyword, why)
		}
	}
	harmless(in.master != owner, "state", "in strict mode it is MASTER with priority 255, and with no other")
	in.master = owner
	reset(true, "authentication", "strict mode has none, so the password is neither sent nor asked for")
	harmless(in.PreemptDelay != 0, "preempt_delay", "strict mode has none")
	in.PreemptDelay = 0
	reset(downAdverts(in.Manners) != defaultDownAdverts, "down_timer_adverts", "in strict mode it is 3")
	in.Manners.DownAdverts = 0
	in.strictAccept(reset)

	harmless(in.Announce.LowerRepeat != 0, "garp_lower_prio_repeat", "in strict mode nothing is announced after an advert of lower priority")
	harmless(in.Announce.LowerDelay != 0, "garp_lower_prio_delay", "in strict mode nothing is announced after an advert of lower priority")
	in.Announce.LowerRepeat, in.Announce.LowerDelay = 0, 0
	reset(!in.Manners.LowerPrioNoAdvert, "lower_prio_no_advert", "in strict mode it is on")
	in.Manners.LowerPrioNoAdvert = true
	reset(in.Manners.HigherPrioAdvert, "higher_prio_send_advert", "in strict mode it is off")
	in.Manners.HigherPrioAdvert = false
	if !in.met.has("owner_ignore_adverts") {
		in.Manners.OwnerIgnoresAdverts = owner
	}
	reset(in.xmitBase, "vmac_xmit_base", "in strict mode adverts leave with the virtual MAC address")
	in.xmitBase = false
	if in.own != nil && in.own.MAC != ([6]byte{}) {
		l.errorf(in.own.pos, "remove it, or write strict_mode off", "use_vmac: the MAC address is ignored: in strict mode it is that of the virtual router")
		in.own.MAC = [6]byte{}
		in.own.words = slices.DeleteFunc(in.own.words, func(w string) bool { _, err := net.ParseMAC(w); return err == nil })
	}
	if in.HMAC != nil {
		if in.HMAC.Mode != vrrp.Enforce {
			l.errorf(in.hmac.met.at(in.met.at(in.pos, "auth_hmac"), "mode"), "remove it, or write strict_mode off", "auth_hmac: mode is ignored: in strict mode it is enforce")
		}
		in.HMAC.Mode, in.hmac.mode = vrrp.Enforce, vrrp.Enforce
	}
}

// strictAccept decides on packets to the addresses: only their owner takes them,
// unless accept says so, which version 2 does not have.
func (in *instance) strictAccept(reset func(wrong bool, keyword, why string)) {
	owner := in.Priority == vrrp.PriorityOwner
	if owner {
		return
	}
	accept, said := in.met.find("accept")
	no, denied := in.met.find("no_accept")
	if !said || denied && no.Compare(accept) > 0 {
		in.NoAccept = true
		return
	}
	if in.Version == vrrp.V2 {
		reset(true, "accept", "in strict mode a router of version 2 that is not the owner of the addresses takes no packets to them")
		in.NoAccept = true
	}
}
