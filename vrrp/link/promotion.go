package link

import (
	"bytes"
	"fmt"
	"os"
)

// promotion is the setting by which the kernel keeps the other addresses of a
// subnet when its first one goes (promote_secondaries, ip-sysctl). Without it
// a virtual address that runs out, with nobody left to put things right, takes
// along whatever came after it in its subnet.
type promotion struct {
	dev string
	set bool // by us, so that it is ours to give back
}

// promoteSecondaries sees to it that the interfaces keep what is not ours.
func (k *keeper) promoteSecondaries() {
	for _, t := range k.targets {
		if t.life == 0 || t.prefix.IsSingleIP() || t.prefix.Addr().Is6() || has(k.promote, t.index) {
			continue
		}
		p := &promotion{dev: t.dev.name}
		k.promote[t.index] = p
		if isSet(promotionFile("all")) || isSet(promotionFile(p.dev)) {
			continue
		}
		if err := os.WriteFile(promotionFile(p.dev), []byte("1\n"), 0o644); err != nil {
			k.log.Warn("when a virtual address runs out, others of its subnet may go with it: promote_secondaries cannot be set",
				"interface", t.dev.name, "error", err)
			continue
		}
		p.set = true
		k.log.Info("promote_secondaries is set, so that a virtual address that runs out takes no other along",
			"interface", t.dev.name)
	}
}

// demote gives back what promoteSecondaries changed, of interfaces that hold no
// virtual address any more.
func (k *keeper) demote() {
	held := make(map[int]bool)
	for _, t := range k.targets {
		held[t.index] = true
	}
	for index, p := range k.promote {
		if p.set && !held[index] {
			// An interface that is gone took its settings along.
			_ = os.WriteFile(promotionFile(p.dev), []byte("0\n"), 0o644)
		}
	}
}

func promotionFile(name string) string {
	return fmt.Sprintf("/proc/sys/net/ipv4/conf/%s/promote_secondaries", name)
}

func isSet(file string) bool {
	b, err := os.ReadFile(file)
	return err == nil && len(b) > 0 && !bytes.HasPrefix(b, []byte("0"))
}
