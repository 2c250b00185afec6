package vrrp

import (
	"context"
	"log/slog"
)

// report logs what happened, once and only here, and passes it on.
func (l *loop) report(n Notice) {
	switch n := n.(type) {
	case Transition:
		l.logTransition(n)
		if l.router.OnTransition != nil {
			l.router.OnTransition(n)
		}
	case GroupTransition:
		l.logGroup(n)
	case PriorityChange:
		l.log.Info("priority change", "instance", n.Instance, "from", n.From, "to", n.To, "why", n.Why)
	case LowerHeard:
		// What is odd about it has been logged; that it goes on is counted.
	}
	if l.router.OnNotice != nil {
		l.router.OnNotice(n)
	}
}

func (l *loop) logTransition(t Transition) {
	attrs := []any{"instance", t.Instance, "from", t.From.String(), "to", t.To.String(), "reason", t.Reason.String(), "priority", t.Priority}
	if t.Detail != "" {
		attrs = append(attrs, "detail", t.Detail)
	}
	if t.Peer.IsValid() {
		attrs = append(attrs, "peer", t.Peer, "peer_priority", t.PeerPriority)
	}
	l.log.Log(context.Background(), level(t.To), "state change", attrs...)
}

func (l *loop) logGroup(t GroupTransition) {
	attrs := []any{"group", t.Group, "from", t.From.String(), "to", t.To.String(), "reason", t.Reason.String()}
	if t.Detail != "" {
		attrs = append(attrs, "detail", t.Detail)
	}
	l.log.Log(context.Background(), level(t.To), "state change of a sync group", attrs...)
}

// level is how loudly a state is reported.
func level(to State) slog.Level {
	if to == Fault {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
