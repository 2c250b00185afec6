package director

import (
	"context"
	"maps"
	"time"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
)

// rest hands over what forwarding rests on: kernel settings and nftables
// rules. What the configuration that is being left needs stays beside it, since
// its services still forward: a reload asks for both, and the next look for the
// new one alone.
func (b *balance) rest(c, leaving conf.Config) {
	b.settings.Want(unitedSettings(c, leaving))
	b.tables.Want(b.ruleset(c, leaving))
}

// ruleset is what the nftables of a configuration shall hold.
func (b *balance) ruleset(c, leaving conf.Config) rules.Ruleset {
	own, err := ownAddresses(c)
	if err != nil {
		b.log.Warn("the rules go by the addresses that this host had before", "error", err)
		own = b.own
	}
	b.own = own
	return rules.Want(unitedServices(c, leaving), rules.Host{Addresses: own})
}

// probe says what this kernel lacks for a configuration: a director that is
// master and forwards without the rules of FULLNAT or a mark is a black hole.
// A director that is a real server too serves without any; that it must not
// meet its like then, the status says.
func (b *balance) probe(ctx context.Context, c conf.Config) error {
	if set := indispensable(c); !set.Empty() {
		return b.tables.Probe(ctx, set)
	}
	return nil
}

// indispensable are the rules without which a service does not work at all.
func indispensable(c conf.Config) rules.Ruleset {
	services := ruleServices(c.Services)
	for i := range services {
		services[i].Servers = nil // what local delivery goes by
	}
	return rules.Want(services, rules.Host{})
}

// founded waits, but not longer than limit, until what forwarding rests on is
// there, and says what is not.
func (b *balance) founded(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, f := range []struct {
		part    string
		settled func(context.Context) error
	}{{kernelSettings, b.settings.Settled}, {nftablesRules, b.tables.Settled}} {
		if err := f.settled(ctx); err != nil {
			b.log.Error("going on without what forwarding rests on", "part", f.part, "error", err)
		}
	}
}

// unitedSettings are the settings of both; what both name is as the new one says.
func unitedSettings(c, leaving conf.Config) sysctl.Settings {
	united := sysctl.Settings{}
	maps.Copy(united, leaving.Sysctls)
	maps.Copy(united, c.Sysctls)
	return united
}

// unitedServices are the services of both; one that both have is as the new
// one says.
func unitedServices(c, leaving conf.Config) []rules.Service {
	list := ruleServices(c.Services)
	has := make(map[ipvs.Key]bool, len(list))
	for _, s := range list {
		has[s.Key] = true
	}
	for _, s := range ruleServices(leaving.Services) {
		if !has[s.Key] {
			list = append(list, s)
		}
	}
	return list
}
