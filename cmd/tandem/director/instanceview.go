package director

import (
	"net/netip"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/link"
)

// addressKeeper tells of the addresses of an instance.
type addressKeeper interface {
	Present(instance string) []netip.Addr // those that the kernel has
	Repairs(instance string) link.Repairs
}

// viewInstances shows the router's instances.
func viewInstances(all []vrrp.Status, host addressKeeper) []InstanceStatus {
	views := make([]InstanceStatus, 0, len(all))
	for _, s := range all {
		v := InstanceStatus{
			Name: s.Name, Group: s.Group, Interface: s.Interface, VRID: s.VRID, Version: uint8(s.Version),
			State: s.State.String(), Since: s.Since, Reason: s.Reason,
			Priority: s.Priority, AdvertInterval: s.Interval.Seconds(),
			MasterPriority: s.MasterPriority, Holds: s.Holds,
			LastSent: moment(s.LastSent), LastHeard: moment(s.LastHeard),
			Sent: s.Counters.Sent, Received: s.Counters.Received, SendErrors: s.Counters.SendErrors,
			BecameMaster: s.Counters.BecameMaster, Drops: s.Counters.Drops, Odd: s.Counters.Odd, LateWakeups: s.Counters.LateWakeups,
			Addresses: []AddressStatus{}, BasePriority: s.Base,
			Statistics: viewStatistics(s.Counters), Lateness: viewLateness(s.Counters.Lateness),
			Repairs: viewRepairs(host.Repairs(s.Name)), History: []TransitionStatus{},
		}
		for _, t := range s.Tracked {
			v.Tracked = append(v.Tracked, TrackedStatus(t))
		}
		for _, drop := range s.Dropped {
			v.LastDrops = append(v.LastDrops, DropStatus{drop.Reason.String(), drop.Count, drop.From, drop.At, drop.Why})
		}
		for _, t := range s.History {
			v.History = append(v.History, TransitionStatus{t.At, t.From.String(), t.To.String(), inWords(t)})
		}
		if s.Master.IsValid() {
			v.Master = s.Master.String()
		}
		if v.Since.IsZero() {
			v.Since = s.Counters.Discontinuity // It has not left the state that it began in.
		}
		there := map[netip.Addr]bool{}
		for _, a := range host.Present(s.Name) {
			there[a] = true
		}
		for _, a := range s.Addresses {
			v.Addresses = append(v.Addresses, AddressStatus{Prefix: a.Prefix, Present: there[a.Prefix.Addr()]})
		}
		views = append(views, v)
	}
	return views
}

// inWords is why a state changed.
func inWords(t vrrp.Transition) string {
	if t.Detail == "" {
		return t.Reason.String()
	}
	return t.Reason.String() + ": " + t.Detail
}

func viewStatistics(c vrrp.Counters) StatisticsStatus {
	s := StatisticsStatus{
		NewMasterReason: c.NewMasterReason.String(), ProtocolError: c.ProtocolError.String(),
		IntervalErrors: c.IntervalErrors(), TTLErrors: c.TTLErrors(), TypeErrors: c.TypeErrors(),
		AddressListErrors: c.AddressListErrors(), LengthErrors: c.LengthErrors(),
		SentZero: c.SentPriorityZero, ReceivedZero: c.ReceivedPriorityZero, LowerHeard: c.LowerHeard,
		Discontinuity: c.Discontinuity,
	}
	s.AuthTypeErrors, s.AuthFailures = c.AuthErrors()
	return s
}

func viewLateness(l vrrp.Lateness) LatenessStatus {
	return LatenessStatus{Adverts: l.Count(), Last: l.Last.Seconds(), P999: l.Quantile(0.999).Seconds(), Max: l.Max.Seconds()}
}

func viewRepairs(r link.Repairs) *RepairsStatus {
	if r.Count == 0 {
		return nil
	}
	s := &RepairsStatus{Count: r.Count, Last: r.Last, Address: r.Address.String(), Interface: r.Interface, By: r.By, Fights: r.Fights}
	if o := r.Fought; r.Fights > 0 {
		s.Fought = &FoughtStatus{o.Count, o.Last, o.Address.String(), o.Interface, o.By}
	}
	return s
}
